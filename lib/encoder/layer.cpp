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

void EncoderLayer::run(MatrixView<float> x, LayerWorkspace& w, SelfAttention& attention, LayerTimes& times) {
    // One product gives q, k and v side by side; three give one matrix each.
    const size_t stride = inputs_.size() == 1 ? 3 * x.cols : x.cols;
    const auto part = [&](size_t i) {
        float* from = w.qkv.data() + (inputs_.size() == 1 ? i * x.cols : i * x.rows * x.cols);
        return MatrixView<float>(from, x.rows, x.cols, stride);
    };
    const auto q = part(0), k = part(1), v = part(2);
    const auto attention_norm = attention_norm_.view();
    const auto mlp_norm = mlp_norm_.view();
    {
        const AddTime time(times.prepare);
        device_.prepare(x, &attention_norm, *w.operand);
    }
    {
        const AddTime time(times.matmul);
        if (inputs_.size() == 1) {
            const MatrixView<float> qkv(w.qkv.data(), x.rows, 3 * x.cols);
            inputs_[0]->submit(*w.operand, qkv, Epilogue::none).wait();
        } else {
            // Submit all three before waiting for the first.
            Run runs[] = {inputs_[0]->submit(*w.operand, q, Epilogue::none),
                          inputs_[1]->submit(*w.operand, k, Epilogue::none),
                          inputs_[2]->submit(*w.operand, v, Epilogue::none)};
            for (auto& run : runs) run.wait();
        }
    }
    {
        const AddTime time(times.attention);
        attention.run(q, k, v);
    }
    {
        const AddTime time(times.prepare);
        device_.prepare(q, nullptr, *w.operand);
    }
    {
        const AddTime time(times.matmul);
        out_->submit(*w.operand, x, Epilogue::add_residual).wait();
    }
    {
        const AddTime time(times.prepare);
        device_.prepare(x, &mlp_norm, *w.operand);
    }
    const AddTime time(times.matmul);
    mlp_->submit(*w.operand, *w.mlp_inner, x).wait();
}

}  // namespace npuscribe
