#include "encoder/encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/stopwatch.h"
#include "device/cpu/cpu_device.h"
#include "encoder/conv_stem.h"
#include "encoder/layer.h"
#include "encoder/pair_order.h"
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
    std::unique_ptr<LayerWorkspace> second_workspace;  // for pairs
    SelfAttention attention;
    std::vector<EncoderLayer> layers;
    Buffer<float> norm_weight;
    Buffer<float> norm_bias;
    EncoderTimes times;
};

/// A window on its way through the encoder, one step after the other (pair_order.h).
class Encoder::Pass {
  public:
    /// With attention in `pieces`. All must outlive the pass.
    Pass(Impl& encoder, MatrixView<const float> mel, MatrixView<float> out, LayerWorkspace& workspace,
         size_t pieces)
        : encoder_(encoder),
          mel_(mel),
          steps_{0, window_steps(encoder.layers.size(), pieces)},
          window_{out, workspace, pieces} {}

    const StepsDone& steps() const { return steps_; }
    /// Wall-clock times of all steps so far.
    EncoderTimes times() const;
    double seconds() const { return seconds_; }

    /// Takes the next step.
    void step();
    /// Layers that are complete, if the last step ended one; 0 after the stem.
    std::optional<size_t> layer_ended() const;
    /// Waits for what the device does for it.
    void wait() { window_.wait(); }

    /// Takes the next step of a job. If it fails, the job has the error, the pass is finished, and nothing is
    /// in flight any more.
    void step(EncodeJob& job);

  private:
    void check_shapes() const;

    Impl& encoder_;
    MatrixView<const float> mel_;
    StepsDone steps_;
    LayerWindow window_;
    double stem_ = 0, norm_ = 0;
    double prepared_ = 0;  // by the device's own count, which includes what it prepares inside matmuls
    double seconds_ = 0;
};

EncoderTimes Encoder::Pass::times() const {
    const LayerTimes& layers = window_.times;
    // FC1 quantises the MLP's inner values block by block: the device's own count moves that time from the
    // matmuls to the quantisation.
    double inside_matmuls = 0;
    if (!encoder_.device.info().modelled_times)
        inside_matmuls = std::clamp(prepared_ - layers.prepare, 0.0, layers.matmul);
    return {stem_, layers.prepare + inside_matmuls, layers.matmul - inside_matmuls, layers.attention, norm_};
}

void Encoder::Pass::check_shapes() const {
    const Dimensions& d = encoder_.dimensions;
    const MatrixView<float>& out = window_.x;
    if (mel_.cols == d.n_mels && mel_.rows == 2 * out.rows && out.rows != 0 && out.rows <= d.n_audio_ctx &&
        out.cols == d.n_audio_state) {
        return;
    }
    throw ModelError(fmt::format(
        "cannot encode {} frames of {} mels into [{} × {}]: this model takes up to {} frames of {} mels, and "
        "gives half as many rows of {}",
        mel_.rows, mel_.cols, out.rows, out.cols, 2 * d.n_audio_ctx, d.n_mels, d.n_audio_state));
}

void Encoder::Pass::step() {
    const AddTime all(seconds_);
    const size_t index = steps_.done;
    if (index == 0) {
        check_shapes();
        const AddTime time(stem_);
        encoder_.stem.run(mel_, window_.x);
    } else if (index + 1 < steps_.all) {
        const size_t in_layer = layer_steps(window_.pieces);
        const double before = encoder_.device.stats().prepare_seconds;
        encoder_.layers[(index - 1) / in_layer].step((index - 1) % in_layer, window_, encoder_.attention);
        prepared_ += encoder_.device.stats().prepare_seconds - before;
    } else {
        window_.wait();
        const AddTime time(norm_);
        simd::layer_norm(window_.x, encoder_.norm_weight.data(), encoder_.norm_bias.data(), window_.x);
    }
    ++steps_.done;
}

std::optional<size_t> Encoder::Pass::layer_ended() const {
    const size_t in_layer = layer_steps(window_.pieces);
    if (steps_.finished() || (steps_.done - 1) % in_layer != 0) return std::nullopt;
    return (steps_.done - 1) / in_layer;
}

void Encoder::Pass::step(EncodeJob& job) {
    const auto begin = Span::Clock::now();
    if (steps_.done == 0) job.span.begin = begin;
    try {
        step();
    } catch (...) {
        job.error = std::current_exception();
        steps_.done = steps_.all;
        window_.in_flight = {};  // a run that is destroyed waits until the device has done it
    }
    if (!steps_.finished()) return;
    job.span.end = Span::Clock::now();
    job.seconds = seconds_;
    job.times = times();
}

Encoder::Encoder(const Checkpoint& checkpoint, Device& device, ThreadPool& pool)
    : impl_(std::make_unique<Impl>(checkpoint, device, pool)) {}
Encoder::~Encoder() = default;

const Dimensions& Encoder::dimensions() const {
    return impl_->dimensions;
}
const EncoderTimes& Encoder::times() const {
    return impl_->times;
}
bool Encoder::gains_from_pairs() const {
    return impl_->device.info().asynchronous;
}

void Encoder::encode(MatrixView<const float> mel, MatrixView<float> out) {
    Pass pass(*impl_, mel, out, impl_->workspace, 1);
    while (!pass.steps().finished()) {
        pass.step();
        const auto layer = pass.layer_ended();
        if (!layer || !on_layer) continue;
        pass.wait();
        on_layer(*layer, out);
    }
    impl_->times += pass.times();
}

void Encoder::encode_pair(EncodeJob& first, EncodeJob& second) {
    Impl& encoder = *impl_;
    if (!encoder.second_workspace) {
        try {
            encoder.second_workspace = std::make_unique<LayerWorkspace>(encoder.dimensions, encoder.device);
        } catch (const std::bad_alloc&) {
            EncodeModel::encode_pair(first, second);
            return;
        }
    }
    const size_t pieces = std::min(kAttentionPieces, encoder.attention.heads());
    Pass one(encoder, first.mel, first.out, encoder.workspace, pieces);
    Pass two(encoder, second.mel, second.out, *encoder.second_workspace, pieces);
    while (!one.steps().finished() || !two.steps().finished()) {
        if (first_goes(one.steps(), two.steps())) {
            one.step(first);
        } else {
            two.step(second);
        }
    }
    encoder.times += first.times;
    encoder.times += second.times;
}

}  // namespace npuscribe
