#include "encoder/layer.h"

#include <fmt/format.h>

#include <utility>

#include "base/stopwatch.h"
#include "device/load_linear.h"

namespace npuscribe {
namespace {

// Results that leave the array as bfloat16 keep the encoder within DESIGN.md's gates, and take half the
// memory traffic and half the way out of the array. Measured on real speech: see kernels/README.md.
constexpr Sums kSums = Sums::bf16;

}  // namespace

LayerWorkspace::LayerWorkspace(const Dimensions& d, Device& device)
    : qkv(d.n_audio_ctx * 3 * d.n_audio_state),
      operand(device.make_operand(d.n_audio_ctx, d.n_audio_state)),
      mlp_inner(device.make_operand(d.n_audio_ctx, 4 * d.n_audio_state)) {}

EncoderLayer::EncoderLayer(const Checkpoint& checkpoint, size_t index, Device& device) : device_(device) {
    const std::string block = fmt::format("encoder.blocks.{}.", index);
    const std::vector<std::string> inputs = {block + "attn.query", block + "attn.key", block + "attn.value"};
    if (device.info().joins_linears) {
        inputs_.push_back(
            load_joined(checkpoint, inputs, block + "attn.query, key and value", device, kSums));
    } else {
        for (const std::string& name : inputs)
            inputs_.push_back(load_linear(checkpoint, name, device, kSums));
    }
    out_ = load_linear(checkpoint, block + "attn.out", device, kSums);
    auto fc1 = load_linear(checkpoint, block + "mlp.0", device, kSums);
    mlp_ = device.chain(std::move(fc1), load_linear(checkpoint, block + "mlp.2", device, kSums));
    attention_norm_ = {checkpoint.read(block + "attn_ln.weight"), checkpoint.read(block + "attn_ln.bias")};
    mlp_norm_ = {checkpoint.read(block + "mlp_ln.weight"), checkpoint.read(block + "mlp_ln.bias")};
}

void LayerWindow::wait() {
    const AddTime time(times.matmul);
    for (Run& run : in_flight) run.wait();
}

/// Q, K or V: one product gives them side by side; three give one matrix each.
MatrixView<float> EncoderLayer::input(size_t index, const LayerWindow& w) const {
    const bool joined = inputs_.size() == 1;
    float* from = w.workspace.qkv.data() + (joined ? index * w.x.cols : index * w.x.rows * w.x.cols);
    return {from, w.x.rows, w.x.cols, joined ? 3 * w.x.cols : w.x.cols};
}

void EncoderLayer::prepare(MatrixView<const float> x, const LayerNorm* norm, LayerWindow& w) {
    const AddTime time(w.times.prepare);
    device_.prepare(x, norm, *w.workspace.operand);
}

void EncoderLayer::submit_inputs(LayerWindow& w) {
    const AddTime time(w.times.matmul);
    if (inputs_.size() == 1) {
        const MatrixView<float> qkv(w.workspace.qkv.data(), w.x.rows, 3 * w.x.cols);
        w.in_flight[0] = inputs_[0]->submit(*w.workspace.operand, qkv, Epilogue::none);
    } else {
        // Submit all three before the first is started.
        for (size_t i = 0; i < inputs_.size(); ++i)
            w.in_flight[i] = inputs_[i]->submit(*w.workspace.operand, input(i, w), Epilogue::none);
    }
    w.in_flight[0].start();
}

void EncoderLayer::step(size_t index, LayerWindow& w, SelfAttention& attention) {
    w.wait();
    if (index == 0) {
        const auto norm = attention_norm_.view();
        prepare(w.x, &norm, w);
        submit_inputs(w);
        return;
    }
    if (index > w.pieces) {
        const auto norm = mlp_norm_.view();
        prepare(w.x, &norm, w);
        const AddTime time(w.times.matmul);
        w.in_flight[0] = mlp_->submit(*w.workspace.operand, *w.workspace.mlp_inner, w.x);
        w.in_flight[0].start();
        return;
    }
    {
        const AddTime time(w.times.attention);
        attention.run(input(0, w), input(1, w), input(2, w), index - 1, w.pieces);
    }
    if (index < w.pieces) return;
    prepare(input(0, w), nullptr, w);
    const AddTime time(w.times.matmul);
    w.in_flight[0] = out_->submit(*w.workspace.operand, w.x, Epilogue::add_residual);
    w.in_flight[0].start();
}

void EncoderLayer::run(MatrixView<float> x, LayerWorkspace& workspace, SelfAttention& attention,
                       LayerTimes& times) {
    LayerWindow window{x, workspace, 1, times};
    for (size_t i = 0; i < layer_steps(window.pieces); ++i) step(i, window, attention);
    window.wait();
    times = window.times;
}

}  // namespace npuscribe
