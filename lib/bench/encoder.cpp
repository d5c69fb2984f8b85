#include <fmt/format.h>

#include "bench/benchmarks.h"
#include "bench/encoder_runner.h"
#include "bench/statistics.h"
#include "bench/study/study_figures.h"
#include "bench/timing.h"

namespace npuscribe::bench {
namespace {

constexpr Stage<EncoderSeconds> kStages[] = {{"convolutions", &EncoderSeconds::stem, false},
                                             {"layer norm, quantisation", &EncoderSeconds::prepare, false},
                                             {"matmuls", &EncoderSeconds::matmul, true},
                                             {"attention", &EncoderSeconds::attention, false},
                                             {"final norm", &EncoderSeconds::norm, false},
                                             {"to the device and back", &EncoderSeconds::transfer, true}};

}  // namespace

Result encoder(const Context& context) {
    EncoderRunner runner(context);
    const auto input = mel(context, 0, context.frames);
    const auto runs = measured_runs(context, 1, [&] { return runner.run(input); });

    const Origin origin = context.origin();
    const Summary total = summarise(milliseconds(runs, &EncoderSeconds::total));
    const Summary layers = summarise(milliseconds(runs, &EncoderSeconds::layers));
    const double encodes = 1e3 / total.mean;
    const double realtime = encodes * context.audio_seconds();
    Result result;
    result.name = "bench encoder";
    result.setup = setup(context);
    result.quantities = {
        {"mean", total.mean, "ms", origin}, {"p50", total.p50, "ms", origin},
        {"p95", total.p95, "ms", origin},   {"min", total.min, "ms", origin},
        {"max", total.max, "ms", origin},   {"layers alone, mean", layers.mean, "ms", origin},
        {"encodes", encodes, "/s", origin}, {"realtime factor", realtime, "x", origin}};

    result.tables.push_back(stages_table(runs, kStages, total.p50, origin));
    result.samples = {{"Encoder", "ms", milliseconds(runs, &EncoderSeconds::total), origin}};

    const size_t n_layers = context.dimensions().n_audio_layer;
    const double scale = study::scale(1, n_layers, context.frames);
    result.criteria = {
        {fmt::format("{} layers, mean", n_layers), Relation::below,
         study::kTrack2Layer * study::kLayers * scale, layers.mean, "ms", origin},
        {"encoder, mean", Relation::below, study::kEncoderMean * scale, total.mean, "ms", origin},
        {"encodes a second", Relation::at_least, study::kEncodesPerSecond / scale, encodes, "/s", origin},
        {"realtime factor", Relation::at_least, study::kRealtime, realtime, "x", origin}};
    mark_limits_of_npu(result.criteria, context.device);
    if (scale != 1) {
        result.notes.push_back(fmt::format(
            "The study's limits of time are for 6 layers and {} frames; here they are multiplied by {:.3f}, "
            "the layers' and frames' ratio.",
            study::kFrames, scale));
    }
    add_modelled_range(context, n_layers, result);
    result.notes.emplace_back(
        "A frame is 20 ms of audio; the study's own realtime factors take 30 s for 512 frames, which hold "
        "10.24 s.");
    return result;
}

}  // namespace npuscribe::bench
