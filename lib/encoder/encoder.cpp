#include "encoder/encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/stopwatch.h"
#include "device/cpu/cpu_device.h"
#include "encoder/conv_stem.h"
#include "encoder/layer.h"
#include "encoder/self_attention.h"
#include "simd/rows/prepare.h"

namespace npuscribe {

struct Encoder::Impl {
    Impl(const Checkpoint& checkpoint, Device& device_, ThreadPool& pool)
        : dimensions(checkpoint.dimensions()),
          device(device_),
          exact(device.info().precision == Precision::fp32),
          stem_device(make_cpu_device({exact ? Precision::fp32 : Precision::bf16, {}}, pool)),
          stem(checkpoint, *stem_device),
          workspace(dimensions, device),
          attention(dimensions.n_audio_ctx, dimensions.n_audio_head, device.info().precision, pool),
          norm_weight(checkpoint.read("encoder.ln_post.weight")),
          norm_bias(checkpoint.read("encoder.ln_post.bias")) {
        layers.reserve(dimensions.n_audio_layer);
        for (size_t i = 0; i < dimensions.n_audio_layer; ++i) layers.emplace_back(checkpoint, i, device);
    }

    const Dimensions dimensions;
    Device& device;
    const bool exact;  // fp32 everywhere; otherwise the stem is bf16
    std::unique_ptr<Device> stem_device;
    ConvStem stem;
    LayerWorkspace workspace;
    SelfAttention attention;
    std::vector<EncoderLayer> layers;
    Buffer<float> norm_weight;
    Buffer<float> norm_bias;
    EncoderTimes times;
};

Encoder::Encoder(const Checkpoint& checkpoint, Device& device, ThreadPool& pool)
    : impl_(std::make_unique<Impl>(checkpoint, device, pool)) {}
Encoder::~Encoder() = default;

const Dimensions& Encoder::dimensions() const {
    return impl_->dimensions;
}
const EncoderTimes& Encoder::times() const {
    return impl_->times;
}

void Encoder::encode(MatrixView<const float> mel, MatrixView<float> out) {
    auto& d = impl_->dimensions;
    auto& times = impl_->times;
    if (mel.cols != d.n_mels || mel.rows != 2 * out.rows || out.rows == 0 || out.rows > d.n_audio_ctx ||
        out.cols != d.n_audio_state) {
        throw ModelError(fmt::format(
            "cannot encode {} frames of {} mels into [{} × {}]: this model takes up to {} frames of "
            "{} mels, and gives half as many rows of {}",
            mel.rows, mel.cols, out.rows, out.cols, 2 * d.n_audio_ctx, d.n_mels, d.n_audio_state));
    }
    {
        const AddTime time(times.stem);
        impl_->stem.run(mel, out);
    }
    if (on_layer) on_layer(0, out);

    LayerTimes layer_times;
    const double prepared_before = impl_->device.stats().prepare_seconds;
    for (size_t i = 0; i < impl_->layers.size(); ++i) {
        impl_->layers[i].run(out, impl_->workspace, impl_->attention, layer_times);
        if (on_layer) on_layer(i + 1, out);
    }
    // FC1 quantises the MLP's inner values block by block: the device's own count moves that time from the
    // matmuls to the quantisation.
    double inside_matmuls = 0;
    if (!impl_->device.info().modelled_times) {
        inside_matmuls = impl_->device.stats().prepare_seconds - prepared_before - layer_times.prepare;
        inside_matmuls = std::max(0.0, std::min(inside_matmuls, layer_times.matmul));
    }
    times.quantise += layer_times.prepare + inside_matmuls;
    times.matmul += layer_times.matmul - inside_matmuls;
    times.attention += layer_times.attention;

    const AddTime time(times.norm);
    simd::layer_norm(out, impl_->norm_weight.data(), impl_->norm_bias.data(), out);
}

}  // namespace npuscribe
