#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bench/benchmarks.h"
#include "bench/plot.h"
#include "bench/study/study_figures.h"
#include "bench_options.h"
#include "bench_output.h"
#include "commands.h"
#include "console.h"
#include "device/choose.h"
#include "exit_code.h"
#include "model/catalog.h"
#include "model/model.h"
#include "output/atomic_file.h"
#include "signals.h"

namespace npuscribe::app {
namespace {

namespace fs = std::filesystem;

struct Benchmark {
    std::string_view name;
    std::string_view summary;
    size_t runs;        // by default
    bool study_frames;  // by default, 512; else all of the model's
};

constexpr std::array kBenchmarks = {
    Benchmark{"layer", "one encoder layer: percentiles, stages, accuracy", 1000, true},
    Benchmark{"encoder", "the whole encoder: time, encodes per second, realtime factor", 100, true},
    Benchmark{"bandwidth", "transfers to the device and back; for the cpu device, memory", 10, false},
    Benchmark{"power", "average and peak power, joules per hour of audio", 1, false},
    Benchmark{"batch", "1, 2, 4 and 8 windows together, and their ratios", 10, true},
    Benchmark{"prepare", "converting a 512 x 512 matrix to BFP16 tiles, and to INT8", 200, false},
    Benchmark{"pipeline", "the stages of one window beside what this CPU can do", 5, false},
    Benchmark{"roofline", "what this CPU can do: GEMM rates, memory", 5, false},
};
constexpr size_t kModelledRuns = 2;

const Benchmark& find(const std::string& name) {
    return *std::find_if(kBenchmarks.begin(), kBenchmarks.end(),
                         [&](const Benchmark& b) { return b.name == name; });
}

std::string description() {
    std::string out =
        "Measure what a device does\n"
        "Every number is marked as measured or modelled. Criteria are those of the study that npuscribe "
        "project starts from.\n"
        "\n"
        "Benchmarks:\n";
    for (const Benchmark& benchmark : kBenchmarks)
        out += fmt::format("  {:<12}{}\n", benchmark.name, benchmark.summary);
    return out;
}

/// The encoder's weights, for the device to say whether it can hold them.
std::array<WeightShape, 3> weight_shapes(const Dimensions& d) {
    const size_t n = d.n_audio_state;
    return {{{n, n}, {4 * n, n}, {n, 4 * n}}};
}

// One run of `bench`: what a benchmark needs is made when it is asked for.
class Bench {
  public:
    Bench(const Benchmark& benchmark, const BenchSettings& settings, fs::path audio)
        : benchmark_(benchmark),
          settings_(settings),
          audio_(std::move(audio)),
          interrupted_(watch_signals()),
          console_(Loudness::normal),
          pool_(settings.threads) {}

    bench::Result run() {
        const auto progress = [this](const std::string& what) {
            if (interrupted_) throw Cancelled();
            console_.progress(fmt::format("bench {}: {}", benchmark_.name, what));
        };
        bench::Result result = measure(progress);
        console_.clear();
        return result;
    }

  private:
    using Progress = std::function<void(const std::string&)>;

    bench::Result measure(const Progress& progress) {
        if (benchmark_.name == "roofline") {
            const Dimensions d = dimensions();
            return bench::roofline(d, frames(d), pool_, runs(false), progress);
        }
        if (benchmark_.name == "prepare") return bench::prepare(pool_.size(), runs(false), progress);
        if (benchmark_.name == "bandwidth") {
            const auto device = open_device({});
            return bench::bandwidth(*device, pool_, runs(false), settings_.megabytes, progress);
        }
        progress("loading " + settings_.model);
        const Model model = load_model(settings_.model);
        const auto device = open_device(weight_shapes(model.dimensions()));
        const size_t n_frames = frames(model.dimensions());
        constexpr double kWindows = 8;  // of the largest batch
        const bench::Speech speech = bench::load_speech(audio_, 30 * kWindows);
        const bench::Context context{*model.checkpoint,
                                     model.name,
                                     *device,
                                     pool_,
                                     speech,
                                     n_frames,
                                     runs(device->info().modelled_times),
                                     progress};
        if (benchmark_.name == "layer") return bench::layer(context, settings_.layer);
        if (benchmark_.name == "encoder") return bench::encoder(context);
        if (benchmark_.name == "batch") return bench::batch(context);
        if (benchmark_.name == "power") return bench::power(context, settings_.seconds);
        return bench::pipeline(context, speech.file, vad());
    }

    Dimensions dimensions() const {
        if (const CatalogEntry* entry = find_in_catalog(settings_.model)) return entry->dimensions;
        return load_model(settings_.model).dimensions();
    }

    size_t frames(const Dimensions& d) const {
        if (settings_.frames > 0) return settings_.frames;
        return benchmark_.study_frames ? bench::study::kFrames : d.n_audio_ctx;
    }

    size_t runs(bool modelled) const {
        if (settings_.runs > 0) return settings_.runs;
        return modelled ? std::min(kModelledRuns, benchmark_.runs) : benchmark_.runs;
    }

    std::unique_ptr<Device> open_device(std::span<const WeightShape> shapes) {
        DeviceOptions options;
        options.precision = settings_.precision;
        ChosenDevice chosen = choose_device(settings_.device, options, pool_, shapes);
        if (settings_.device == "auto") spdlog::info("{}", chosen.reason);
        return std::move(chosen.device);
    }

    static std::optional<fs::path> vad() {
        try {
            return vad_weights();
        } catch (const ModelError&) {
            return std::nullopt;
        }
    }

    const Benchmark& benchmark_;
    const BenchSettings& settings_;
    const fs::path audio_;
    std::atomic<bool>& interrupted_;
    Console console_;
    ThreadPool pool_;
};

int run(const BenchSettings& settings) {
    const Benchmark& benchmark = find(settings.benchmark);
    if (!settings.plot.empty() && !bench::has_plot(benchmark.name))
        throw UsageError(fmt::format(
            "--plot cannot draw bench {}; it draws layer, encoder, batch and roofline", benchmark.name));
    const bench::Result result = Bench(benchmark, settings, settings.audio).run();
    show({result}, settings.json);
    if (!settings.plot.empty()) output::write_file(settings.plot, bench::svg(result));
    return settings.check && !result.all_met() ? kSomeFailed : kDone;
}

}  // namespace

std::vector<std::string> bench_names() {
    std::vector<std::string> out;
    for (const Benchmark& benchmark : kBenchmarks) out.emplace_back(benchmark.name);
    return out;
}

void add_bench(CLI::App& root, int& exit_code) {
    CLI::App* command = root.add_subcommand("bench", description());
    const auto settings = std::make_shared<BenchSettings>();
    add_bench_options(*command, *settings);
    command->footer(
        "Exit codes: 0 done, whether criteria are met or not; 1 with --check if one is not met; 2 wrong "
        "usage; 3 device or model unavailable; 130 interrupted by SIGINT; 143 by SIGTERM.");
    command->callback([settings, &exit_code] { exit_code = run(*settings); });
}

}  // namespace npuscribe::app
