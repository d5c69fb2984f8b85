#include "encoder/layer.h"

#include <fmt/format.h>

#include "base/stopwatch.h"
#include "device/load_linear.h"

namespace npuscribe {

LayerWorkspace::LayerWorkspace(const Dimensions& d, Device& device)
    : q(d.n_audio_ctx * d.n_audio_state),
      k(d.n_audio_ctx * d.n_audio_state),
      v(d.n_audio_ctx * d.n_audio_state),
      operand(device.make_operand(d.n_audio_ctx, d.n_audio_state)),
      mlp_inner(device.make_operand(d.n_audio_ctx, 4 * d.n_audio_state)) {}

EncoderLayer::EncoderLayer(const Checkpoint& checkpoint, size_t index, Device& device) : device_(device) {
    const std::string block = fmt::format("encoder.blocks.{}.", index);
    query_ = load_linear(checkpoint, block + "attn.query", device);
    key_ = load_linear(checkpoint, block + "attn.key", device);
    value_ = load_linear(checkpoint, block + "attn.value", device);
    out_ = load_linear(checkpoint, block + "attn.out", device);
    fc1_ = load_linear(checkpoint, block + "mlp.0", device);
    fc2_ = load_linear(checkpoint, block + "mlp.2", device);
    attention_norm_ = {checkpoint.read(block + "attn_ln.weight"), checkpoint.read(block + "attn_ln.bias")};
    mlp_norm_ = {checkpoint.read(block + "mlp_ln.weight"), checkpoint.read(block + "mlp_ln.bias")};
}

void EncoderLayer::run(MatrixView<float> x, LayerWorkspace& w, SelfAttention& attention, LayerTimes& times) {
    const MatrixView<float> q(w.q.data(), x.rows, x.cols);
    const MatrixView<float> k(w.k.data(), x.rows, x.cols);
    const MatrixView<float> v(w.v.data(), x.rows, x.cols);
    const auto attention_norm = attention_norm_.view();
    const auto mlp_norm = mlp_norm_.view();
    {
        const AddTime time(times.prepare);
        device_.prepare(x, &attention_norm, *w.operand);
    }
    {
        const AddTime time(times.matmul);
        // Submit all three before waiting for the first.
        Run runs[] = {query_->submit(*w.operand, q, Epilogue::none),
                      key_->submit(*w.operand, k, Epilogue::none),
                      value_->submit(*w.operand, v, Epilogue::none)};
        for (auto& run : runs) run.wait();
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
    fc1_->submit(*w.operand, *w.mlp_inner, Epilogue::gelu).wait();
    fc2_->submit(*w.mlp_inner, x, Epilogue::add_residual).wait();
}

}  // namespace npuscribe
