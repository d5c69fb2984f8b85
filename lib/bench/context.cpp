#include "bench/context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "audio/log_mel.h"
#include "bench/array_projection.h"
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

void mark_limits_of_npu(std::span<Criterion> criteria, const Device& device) {
    if (device.info().name != kCpuDevice) return;
    for (Criterion& criterion : criteria) criterion.meant_for = "an XDNA2 NPU";
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

void add_modelled_range(const Context& context, size_t layers, Result& result) {
    const DeviceInfo info = context.device.info();
    if (!info.modelled_times) return;
    const auto kernel = info.precision == Precision::bfp16 ? array::Kernel::bfp16 : array::Kernel::int8;
    const Shape shape{context.dimensions().n_audio_state, layers, context.frames, 1};
    for (const auto& [which, name] : {std::pair{array::Case::best, "the array's matmuls, at best"},
                                      {array::Case::middle, "the array's matmuls, in the middle"},
                                      {array::Case::worst, "the array's matmuls, at worst"}}) {
        const auto array = project_array(kernel, shape, array::Plan::built_in(), array::Assumptions(which));
        result.quantities.push_back({name, array.seconds * 1e3, "ms", Origin::modelled});
    }
    result.notes.push_back(
        fmt::format("Modelled times are in the middle of the ranges of what is assumed of the array: {}.",
                    fmt::join(array::Assumptions::describe(), "; ")));
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
