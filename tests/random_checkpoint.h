#pragma once
// A Whisper checkpoint in memory with random weights, of any dimensions, for tests that compare with plain
// arithmetic.

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/checkpoint.h"

namespace npuscribe::test {

class RandomCheckpoint final : public Checkpoint {
  public:
    struct Tensor {
        std::vector<size_t> shape;
        std::vector<float> values;
    };

    RandomCheckpoint(const Dimensions& dimensions, unsigned seed) : dimensions_(dimensions), random_(seed) {
        const auto& d = dimensions;
        const size_t audio = d.n_audio_state;
        const size_t text = d.n_text_state;
        add("encoder.conv1.weight", {audio, d.n_mels, 3});
        add("encoder.conv1.bias", {audio});
        add("encoder.conv2.weight", {audio, audio, 3});
        add("encoder.conv2.bias", {audio});
        add("encoder.positional_embedding", {d.n_audio_ctx, audio});
        for (size_t i = 0; i < d.n_audio_layer; ++i) {
            const std::string block = "encoder.blocks." + std::to_string(i) + ".";
            attention(block + "attn", audio, audio);
            norm(block + "attn_ln", audio);
            mlp(block, audio);
        }
        norm("encoder.ln_post", audio);
        add("decoder.token_embedding.weight", {d.n_vocab, text});
        add("decoder.positional_embedding", {d.n_text_ctx, text});
        for (size_t i = 0; i < d.n_text_layer; ++i) {
            const std::string block = "decoder.blocks." + std::to_string(i) + ".";
            attention(block + "attn", text, text);
            norm(block + "attn_ln", text);
            attention(block + "cross_attn", text, audio);
            norm(block + "cross_attn_ln", text);
            mlp(block, text);
        }
        norm("decoder.ln", text);
    }

    const Dimensions& dimensions() const override { return dimensions_; }
    std::string description() const override { return "random weights"; }
    std::vector<size_t> shape(std::string_view name) const override { return at(name).shape; }
    bool has(std::string_view name) const override { return tensors_.contains(std::string(name)); }
    void read(std::string_view name, std::span<float> out) const override {
        std::copy_n(at(name).values.begin(), out.size(), out.begin());
    }
    void read_rows(std::string_view name, size_t first, std::span<float> out) const override {
        const auto& tensor = at(name);
        const size_t row = tensor.values.size() / tensor.shape[0];
        std::copy_n(tensor.values.begin() + static_cast<std::ptrdiff_t>(first * row), out.size(),
                    out.begin());
    }
    std::vector<std::pair<int, int>> alignment_heads() const override { return {}; }
    using Checkpoint::read;

    const Tensor& at(std::string_view name) const { return tensors_.at(std::string(name)); }

  private:
    void add(const std::string& name, std::vector<size_t> shape) {
        size_t count = 1;
        for (const size_t size : shape) count *= size;
        // Rows of unit length on average: activations then keep their size from layer to layer.
        const size_t row = count / shape[0];
        const double fan_in = shape.size() == 1 ? 16.0 : static_cast<double>(row);
        std::normal_distribution<double> normal(0.0, 1.0 / std::sqrt(fan_in));
        Tensor tensor{std::move(shape), std::vector<float>(count)};
        for (auto& value : tensor.values) value = static_cast<float>(normal(random_));
        tensors_.emplace(name, std::move(tensor));
    }
    void linear(const std::string& name, size_t out, size_t in) {
        add(name + ".weight", {out, in});
        add(name + ".bias", {out});
    }
    void norm(const std::string& name, size_t size) {
        add(name + ".weight", {size});
        add(name + ".bias", {size});
        for (auto& value : tensors_.at(name + ".weight").values) value += 1.0F;
    }
    void attention(const std::string& name, size_t state, size_t of) {
        linear(name + ".query", state, state);
        add(name + ".key.weight", {state, of});
        linear(name + ".value", state, of);
        linear(name + ".out", state, state);
    }
    void mlp(const std::string& block, size_t state) {
        norm(block + "mlp_ln", state);
        linear(block + "mlp.0", 4 * state, state);
        linear(block + "mlp.2", state, 4 * state);
    }

    Dimensions dimensions_;
    std::mt19937 random_;
    std::map<std::string, Tensor> tensors_;
};

}  // namespace npuscribe::test
