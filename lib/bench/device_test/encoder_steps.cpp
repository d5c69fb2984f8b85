// A layer, and the encoder with one window and with two.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/device_test/steps.h"
#include "bench/layer_runner.h"
#include "device/cpu/cpu_device.h"
#include "encoder/encoder.h"

namespace npuscribe::device_test {
namespace {

using RunOn = std::function<Matrix(Device&)>;

/// A correct device computes what the CPU does in BFP16, but rounds its f32 sums differently, and hands some
/// results over as bf16. So it is about as far from fp32 as the CPU is, and the two are apart by at most the
/// sum of these distances.
std::vector<double> row_limits(const Matrix& cpu, const Matrix& exact) {
    std::vector<double> limits(cpu.rows);
    for (size_t r = 0; r < cpu.rows; ++r) {
        double squares = 0;
        for (size_t c = 0; c < cpu.cols; ++c)
            squares += std::pow(static_cast<double>(cpu(r, c)) - exact(r, c), 2);
        limits[r] = 2 * std::sqrt(squares);
    }
    return limits;
}

Failure failure_of(Step step, Symptom symptom, const Difference& difference, Matrix expected, Matrix got) {
    Failure failure;
    failure.step = step;
    failure.symptom = symptom;
    failure.what = describe(difference, expected, got);
    failure.evidence.difference = difference;
    failure.evidence.expected = std::move(expected);
    failure.evidence.got = std::move(got);
    return failure;
}

/// Runs twice on the device, and compares the results with each other and with the CPU's.
std::optional<Failure> compare_with_cpu(Bench& bench, Step step, const RunOn& run) {
    bench.current = nullptr;
    bench.progress("on the device");
    Matrix first = run(bench.device);
    Matrix second = run(bench.device);
    if (const Difference difference = compare(first, second, {}); !difference.none())
        return failure_of(step, Symptom::unstable, difference, std::move(first), std::move(second));
    bench.progress("on the CPU");
    Matrix expected = run(bench.cpu);
    const auto exact_device = make_cpu_device({Precision::fp32, {}}, bench.pool);
    const Matrix exact = run(*exact_device);
    const Difference difference = compare_rows(expected, first, row_limits(expected, exact));
    if (difference.none()) return {};
    return failure_of(step, Symptom::inaccurate, difference, std::move(expected), std::move(first));
}

}  // namespace

std::optional<Failure> one_layer(Bench& bench) {
    const Matrix input = natural_matrix(bench.many_rows(), bench.state(), 20);
    return compare_with_cpu(bench, Step::layer, [&](Device& device) {
        Matrix x = input;
        bench::LayerRunner(bench.model, 0, x.rows, device, bench.pool).run(x.view());
        return x;
    });
}

std::optional<Failure> whole_encoder(Bench& bench) {
    const Dimensions& d = bench.model.dimensions();
    const Matrix mel = natural_matrix(2 * d.n_audio_ctx, d.n_mels, 21);
    return compare_with_cpu(bench, Step::encoder, [&](Device& device) {
        Encoder encoder(bench.model, device, bench.pool);
        Matrix out(d.n_audio_ctx, d.n_audio_state);
        encoder.encode(mel.view(), out.view());
        return out;
    });
}

std::optional<Failure> windows_together(Bench& bench) {
    const Dimensions& d = bench.model.dimensions();
    Encoder encoder(bench.model, bench.device, bench.pool);
    bench.current = nullptr;
    std::vector<Matrix> mels, alone, together;
    std::vector<EncodeJob> jobs;
    bench.progress("each alone");
    for (const size_t frames : {d.n_audio_ctx, d.n_audio_ctx / 3}) {
        mels.push_back(natural_matrix(2 * frames, d.n_mels, 22 + static_cast<unsigned>(mels.size())));
        alone.emplace_back(frames, d.n_audio_state);
        together.emplace_back(frames, d.n_audio_state);
        encoder.encode(mels.back().view(), alone.back().view());
    }
    for (size_t i = 0; i < mels.size(); ++i) jobs.push_back({mels[i].view(), together[i].view()});
    bench.progress("together");
    encoder.encode_pair(jobs[0], jobs[1]);
    for (size_t i = 0; i < jobs.size(); ++i) {
        if (jobs[i].error) std::rethrow_exception(jobs[i].error);
        if (const Difference difference = compare(alone[i], together[i], {}); !difference.none()) {
            return failure_of(Step::pair, Symptom::unstable, difference, std::move(alone[i]),
                              std::move(together[i]));
        }
    }
    return {};
}

}  // namespace npuscribe::device_test
