#include <fmt/format.h>

#include <array>
#include <map>

#include "bench/benchmarks.h"
#include "bench/encoder_runner.h"
#include "bench/statistics.h"
#include "bench/study/study_figures.h"

namespace npuscribe::bench {

Result batch(const Context& context) {
    constexpr std::array<size_t, 4> kSizes = {1, 2, 4, 8};
    EncoderRunner runner(context);
    std::vector<Buffer<float>> windows;
    for (size_t i = 0; i < kSizes.back(); ++i) windows.push_back(mel(context, i, context.frames));
    if (!context.device.info().modelled_times) runner.run(windows[0]);  // warms up
    if (runner.pairs()) runner.run_pair(windows[0], windows[1]);
    const auto encode = [&](size_t size) {
        double seconds = 0;
        size_t i = 0;
        for (; runner.pairs() && i + 1 < size; i += 2) seconds += runner.run_pair(windows[i], windows[i + 1]);
        for (; i < size; ++i) seconds += runner.run(windows[i]).total;
        return seconds;
    };

    // Sizes take turns, so that a disturbance does not hit one of them alone.
    std::map<size_t, std::vector<double>> milliseconds;
    for (size_t run = 0; run < context.runs; ++run) {
        for (const size_t size : kSizes) {
            milliseconds[size].push_back(encode(size) * 1e3);
        }
        context.step("run", run, context.runs);
    }

    const Origin origin = context.origin();
    Result result;
    result.name = "bench batch";
    result.setup = setup(context);
    Table table{"Windows, the median of all runs",
                {{"windows", ""},
                 {"time", "ms"},
                 {"each", "ms"},
                 {"ratio", "x"},
                 {"encodes", "/s"},
                 {"realtime", "x"}},
                {}};
    double before = 0;
    for (size_t i = 0; i < kSizes.size(); ++i) {
        const auto size = static_cast<double>(kSizes[i]);
        const double time = median(milliseconds[kSizes[i]]);
        const double encodes = size / time * 1e3;
        const Cell ratio = i == 0 ? Cell() : Cell(time / before);
        table.rows.push_back(
            {{size, time, time / size, ratio, encodes, encodes * context.audio_seconds()}, origin});
        if (i > 0) {
            result.criteria.push_back({fmt::format("{} windows by {}", kSizes[i], kSizes[i - 1]),
                                       Relation::below, study::kBatchRatios.at(i - 1), time / before, "x",
                                       origin});
        }
        before = time;
    }
    mark_limits_of_npu(result.criteria, context.device);
    result.tables.push_back(std::move(table));
    result.notes.emplace_back(runner.pairs()
                                  ? "Windows are encoded in pairs, as a transcription does it on this device."
                                  : "Windows are encoded one after the other, as a transcription does it.");
    return result;
}

}  // namespace npuscribe::bench
