#include "bench/context.h"

#include <fmt/format.h>

#include <algorithm>

#include "audio/log_mel.h"
#include "bench/projection.h"
#include "device/cpu/cpu_device.h"
#include "encoder/conv_stem.h"

namespace npuscribe::bench {

double Context::audio_seconds() const {
    return static_cast<double>(frames) * kFrameSeconds;
}

Origin Context::origin() const {
    return device.info().modelled_times ? Origin::modelled : Origin::measured;
}

void Context::step(std::string_view what, size_t index, size_t count) const {
    if (progress) progress(fmt::format("{} {} of {}", what, index + 1, count));
}

std::vector<std::pair<std::string, std::string>> device_setup(Device& device, ThreadPool& pool) {
    const DeviceInfo info = device.info();
    return {{"device", fmt::format("{} ({})", info.name, info.description)},
            {"precision", fmt::format("{} ({})", name(info.precision), info.numerics)},
            {"device times", info.modelled_times ? "modelled" : "measured"},
            {"threads", fmt::to_string(pool.size())}};
}

std::vector<std::pair<std::string, std::string>> setup(const Context& context) {
    auto out = device_setup(context.device, context.pool);
    out.emplace_back("model",
                     fmt::format("{} ({}, {} layers of {})", context.model, context.checkpoint.description(),
                                 context.dimensions().n_audio_layer, context.dimensions().n_audio_state));
    out.emplace_back("input", context.speech.description);
    out.emplace_back("frames",
                     fmt::format("{} ({:.2f} s of audio)", context.frames, context.audio_seconds()));
    out.emplace_back("runs", fmt::to_string(context.runs));
    return out;
}

Buffer<float> mel(const Context& context, size_t index, size_t frames) {
    const audio::LogMel log_mel(context.dimensions().n_mels);
    Buffer<float> out(2 * frames * context.dimensions().n_mels);
    log_mel.compute(context.speech.window(index), out.matrix(2 * frames, context.dimensions().n_mels));
    return out;
}

Buffer<float> stem_output(const Context& context) {
    const Dimensions& d = context.dimensions();
    const auto device = make_cpu_device({Precision::fp32, {}}, context.pool);
    ConvStem stem(context.checkpoint, *device);
    Buffer<float> out(context.frames * d.n_audio_state);
    const auto rows = out.matrix(context.frames, d.n_audio_state);
    for (size_t first = 0, window = 0; first < context.frames; first += d.n_audio_ctx, ++window) {
        const size_t count = std::min(d.n_audio_ctx, context.frames - first);
        const auto input = mel(context, window, count);
        stem.run(input.matrix(2 * count, d.n_mels), rows.rows_from(first, count));
    }
    return out;
}

Dimensions with_frames(Dimensions dimensions, size_t frames) {
    dimensions.n_audio_ctx = frames;
    return dimensions;
}

}  // namespace npuscribe::bench
