#include "model_layout.h"

#include <utility>

namespace npuscribe::test {
namespace {

// Collects tensors; `openai` and `stored` are the prefixes of the layer at hand.
struct Layout {
    std::vector<StoredTensor> tensors;
    std::string openai;
    std::string stored;

    void plain(const std::string& as, const std::string& from, std::vector<size_t> shape) {
        tensors.push_back({stored + as, shape, {{openai + from, shape}}});
    }
    void stacked(const std::string& as, std::vector<TensorPart> parts) {
        std::vector<size_t> shape = parts.front().shape;
        shape.front() = 0;
        for (auto& part : parts) {
            shape.front() += part.shape.front();
            if (!part.name.empty()) part.name = openai + part.name;
        }
        tensors.push_back({stored + as, std::move(shape), std::move(parts)});
    }
};

void ct2_norm(Layout& layout, const std::string& as, const std::string& from, size_t n) {
    layout.plain(as + "/gamma", from + ".weight", {n});
    layout.plain(as + "/beta", from + ".bias", {n});
}

void ct2_linear(Layout& layout, const std::string& as, const std::string& from, size_t out, size_t in) {
    layout.plain(as + "/weight", from + ".weight", {out, in});
    layout.plain(as + "/bias", from + ".bias", {out});
}

void ct2_layer(Layout& layout, size_t n, bool decoder) {
    layout.stacked(
        "self_attention/linear_0/weight",
        {{"attn.query.weight", {n, n}}, {"attn.key.weight", {n, n}}, {"attn.value.weight", {n, n}}});
    layout.stacked("self_attention/linear_0/bias",
                   {{"attn.query.bias", {n}}, {"", {n}}, {"attn.value.bias", {n}}});
    ct2_linear(layout, "self_attention/linear_1", "attn.out", n, n);
    ct2_norm(layout, "self_attention/layer_norm", "attn_ln", n);
    if (decoder) {
        ct2_linear(layout, "attention/linear_0", "cross_attn.query", n, n);
        layout.stacked("attention/linear_1/weight",
                       {{"cross_attn.key.weight", {n, n}}, {"cross_attn.value.weight", {n, n}}});
        layout.stacked("attention/linear_1/bias", {{"", {n}}, {"cross_attn.value.bias", {n}}});
        ct2_linear(layout, "attention/linear_2", "cross_attn.out", n, n);
        ct2_norm(layout, "attention/layer_norm", "cross_attn_ln", n);
    }
    ct2_linear(layout, "ffn/linear_0", "mlp.0", 4 * n, n);
    ct2_linear(layout, "ffn/linear_1", "mlp.2", n, 4 * n);
    ct2_norm(layout, "ffn/layer_norm", "mlp_ln", n);
}

void hf_both(Layout& layout, const std::string& as, const std::string& from, size_t out, size_t in) {
    layout.plain(as + ".weight", from + ".weight", {out, in});
    layout.plain(as + ".bias", from + ".bias", {out});
}

void hf_norm(Layout& layout, const std::string& as, const std::string& from, size_t n) {
    layout.plain(as + ".weight", from + ".weight", {n});
    layout.plain(as + ".bias", from + ".bias", {n});
}

void hf_attention(Layout& layout, const std::string& as, const std::string& from, size_t n) {
    hf_both(layout, as + ".q_proj", from + ".query", n, n);
    layout.plain(as + ".k_proj.weight", from + ".key.weight", {n, n});
    hf_both(layout, as + ".v_proj", from + ".value", n, n);
    hf_both(layout, as + ".out_proj", from + ".out", n, n);
    hf_norm(layout, as + "_layer_norm", from + "_ln", n);
}

}  // namespace

size_t count_of(const std::vector<size_t>& shape) {
    size_t count = 1;
    for (const size_t dimension : shape) count *= dimension;
    return count;
}

std::vector<StoredTensor> ct2_layout(const Dimensions& d) {
    Layout layout;
    const size_t n = d.n_audio_state;
    layout.openai = "encoder.";
    layout.stored = "encoder/";
    layout.plain("conv1/weight", "conv1.weight", {n, d.n_mels, 3});
    layout.plain("conv1/bias", "conv1.bias", {n});
    layout.plain("conv2/weight", "conv2.weight", {n, n, 3});
    layout.plain("conv2/bias", "conv2.bias", {n});
    layout.plain("position_encodings/encodings", "positional_embedding", {d.n_audio_ctx, n});
    ct2_norm(layout, "layer_norm", "ln_post", n);
    for (size_t i = 0; i < d.n_audio_layer; ++i) {
        layout.openai = "encoder.blocks." + std::to_string(i) + ".";
        layout.stored = "encoder/layer_" + std::to_string(i) + "/";
        ct2_layer(layout, n, false);
    }
    layout.openai = "decoder.";
    layout.stored = "decoder/";
    layout.plain("embeddings/weight", "token_embedding.weight", {d.n_vocab, n});
    layout.plain("position_encodings/encodings", "positional_embedding", {d.n_text_ctx, n});
    ct2_norm(layout, "layer_norm", "ln", n);
    for (size_t i = 0; i < d.n_text_layer; ++i) {
        layout.openai = "decoder.blocks." + std::to_string(i) + ".";
        layout.stored = "decoder/layer_" + std::to_string(i) + "/";
        ct2_layer(layout, n, true);
    }
    return layout.tensors;
}

std::vector<StoredTensor> hf_layout(const Dimensions& d) {
    Layout layout;
    const size_t n = d.n_audio_state;
    layout.openai = "encoder.";
    layout.stored = "model.encoder.";
    layout.plain("conv1.weight", "conv1.weight", {n, d.n_mels, 3});
    layout.plain("conv1.bias", "conv1.bias", {n});
    layout.plain("conv2.weight", "conv2.weight", {n, n, 3});
    layout.plain("conv2.bias", "conv2.bias", {n});
    layout.plain("embed_positions.weight", "positional_embedding", {d.n_audio_ctx, n});
    hf_norm(layout, "layer_norm", "ln_post", n);
    layout.openai = "decoder.";
    layout.stored = "model.decoder.";
    layout.plain("embed_tokens.weight", "token_embedding.weight", {d.n_vocab, n});
    layout.plain("embed_positions.weight", "positional_embedding", {d.n_text_ctx, n});
    hf_norm(layout, "layer_norm", "ln", n);
    for (size_t i = 0; i < d.n_audio_layer + d.n_text_layer; ++i) {
        const bool decoder = i >= d.n_audio_layer;
        const std::string part = decoder ? "decoder" : "encoder";
        const std::string layer = std::to_string(decoder ? i - d.n_audio_layer : i);
        layout.openai = part + ".blocks." + layer + ".";
        layout.stored = "model." + part + ".layers." + layer + ".";
        hf_attention(layout, "self_attn", "attn", n);
        if (decoder) hf_attention(layout, "encoder_attn", "cross_attn", n);
        hf_both(layout, "fc1", "mlp.0", 4 * n, n);
        hf_both(layout, "fc2", "mlp.2", n, 4 * n);
        hf_norm(layout, "final_layer_norm", "mlp_ln", n);
    }
    return layout.tensors;
}

}  // namespace npuscribe::test
