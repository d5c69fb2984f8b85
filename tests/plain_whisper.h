#pragma once
// Whisper's encoder and decoder as openai/whisper's model.py defines them, in double precision and plain
// loops, for small random checkpoints. Nothing here is shared with the program.

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "random_checkpoint.h"

namespace npuscribe::test {

/// Row-major [rows × cols].
struct Plain {
    Plain(size_t rows_, size_t cols_) : rows(rows_), cols(cols_), values(rows_ * cols_, 0.0) {}
    double& operator()(size_t r, size_t c) { return values[r * cols + c]; }
    double operator()(size_t r, size_t c) const { return values[r * cols + c]; }
    size_t rows, cols;
    std::vector<double> values;
};

/// Normal values of variance 1; a seed always gives the same ones.
inline Plain random_plain(size_t rows, size_t cols, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0.0, 1.0);
    Plain result(rows, cols);
    for (auto& value : result.values) value = static_cast<float>(normal(random));
    return result;
}

class PlainWhisper {
  public:
    explicit PlainWhisper(const RandomCheckpoint& checkpoint) : checkpoint_(checkpoint) {}

    /// `mel` [frames × n_mels] → [frames/2 × state].
    Plain encode(const Plain& mel) const {
        const auto& d = checkpoint_.dimensions();
        Plain x = gelu(convolution(gelu(convolution(mel, "encoder.conv1", 1)), "encoder.conv2", 2));
        const auto& positions = checkpoint_.at("encoder.positional_embedding").values;
        for (size_t i = 0; i < x.values.size(); ++i) x.values[i] += positions[i];
        for (size_t i = 0; i < d.n_audio_layer; ++i) {
            const std::string block = "encoder.blocks." + std::to_string(i) + ".";
            const Plain h = norm(x, block + "attn_ln");
            add(x, attention(h, h, block + "attn", d.n_audio_head, false));
            add(x, linear(gelu(linear(norm(x, block + "mlp_ln"), block + "mlp.0")), block + "mlp.2"));
        }
        return norm(x, "encoder.ln_post");
    }

    /// Logits after each token of a sequence, [tokens × n_vocab], without any cache.
    Plain decode(const std::vector<int>& tokens, const Plain& audio) const {
        const auto& d = checkpoint_.dimensions();
        const auto& embedding = checkpoint_.at("decoder.token_embedding.weight").values;
        const auto& positions = checkpoint_.at("decoder.positional_embedding").values;
        const size_t state = d.n_text_state;
        Plain x(tokens.size(), state);
        for (size_t t = 0; t < tokens.size(); ++t) {
            for (size_t i = 0; i < state; ++i) {
                x(t, i) =
                    double{embedding[static_cast<size_t>(tokens[t]) * state + i]} + positions[t * state + i];
            }
        }
        for (size_t i = 0; i < d.n_text_layer; ++i) {
            const std::string block = "decoder.blocks." + std::to_string(i) + ".";
            const Plain h = norm(x, block + "attn_ln");
            add(x, attention(h, h, block + "attn", d.n_text_head, true));
            add(x, attention(norm(x, block + "cross_attn_ln"), audio, block + "cross_attn", d.n_text_head,
                             false));
            add(x, linear(gelu(linear(norm(x, block + "mlp_ln"), block + "mlp.0")), block + "mlp.2"));
        }
        x = norm(x, "decoder.ln");
        Plain logits(tokens.size(), d.n_vocab);
        for (size_t t = 0; t < tokens.size(); ++t) {
            for (size_t v = 0; v < d.n_vocab; ++v) {
                for (size_t i = 0; i < state; ++i) logits(t, v) += x(t, i) * embedding[v * state + i];
            }
        }
        return logits;
    }

  private:
    static void add(Plain& x, const Plain& y) {
        for (size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
    }

    static Plain gelu(Plain x) {
        for (auto& value : x.values) value = 0.5 * value * (1 + std::erf(value / std::sqrt(2.0)));
        return x;
    }

    Plain linear(const Plain& x, const std::string& name) const {
        const auto& weight = checkpoint_.at(name + ".weight");
        const size_t n = weight.shape[0];
        Plain y(x.rows, n);
        for (size_t r = 0; r < x.rows; ++r) {
            for (size_t o = 0; o < n; ++o) {
                double sum = checkpoint_.has(name + ".bias") ? checkpoint_.at(name + ".bias").values[o] : 0.0;
                for (size_t i = 0; i < x.cols; ++i) sum += x(r, i) * weight.values[o * x.cols + i];
                y(r, o) = sum;
            }
        }
        return y;
    }

    Plain norm(const Plain& x, const std::string& name) const {
        const auto& weight = checkpoint_.at(name + ".weight").values;
        const auto& bias = checkpoint_.at(name + ".bias").values;
        const auto n = static_cast<double>(x.cols);
        Plain y(x.rows, x.cols);
        for (size_t r = 0; r < x.rows; ++r) {
            double mean = 0;
            double variance = 0;
            for (size_t i = 0; i < x.cols; ++i) mean += x(r, i) / n;
            for (size_t i = 0; i < x.cols; ++i) variance += (x(r, i) - mean) * (x(r, i) - mean) / n;
            for (size_t i = 0; i < x.cols; ++i) {
                y(r, i) = (x(r, i) - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i];
            }
        }
        return y;
    }

    Plain attention(const Plain& x, const Plain& of, const std::string& name, size_t heads,
                    bool causal) const {
        const Plain q = linear(x, name + ".query");
        const Plain k = linear(of, name + ".key");
        const Plain v = linear(of, name + ".value");
        const size_t size = q.cols / heads;
        Plain mixed(x.rows, q.cols);
        for (size_t head = 0; head < heads; ++head) {
            for (size_t r = 0; r < x.rows; ++r) {
                const size_t visible = causal ? r + 1 : of.rows;
                std::vector<double> p(visible);
                double sum = 0;
                for (size_t j = 0; j < visible; ++j) {
                    double score = 0;
                    for (size_t i = 0; i < size; ++i) score += q(r, head * size + i) * k(j, head * size + i);
                    sum += p[j] = std::exp(score / std::sqrt(static_cast<double>(size)));
                }
                for (size_t j = 0; j < visible; ++j) {
                    for (size_t i = 0; i < size; ++i)
                        mixed(r, head * size + i) += p[j] / sum * v(j, head * size + i);
                }
            }
        }
        return linear(mixed, name + ".out");
    }

    /// Kernel 3, padding 1.
    Plain convolution(const Plain& x, const std::string& name, size_t stride) const {
        const auto& weight = checkpoint_.at(name + ".weight");
        const auto& bias = checkpoint_.at(name + ".bias").values;
        const size_t n = weight.shape[0];
        Plain y(x.rows / stride, n);
        for (size_t t = 0; t < y.rows; ++t) {
            for (size_t o = 0; o < n; ++o) {
                double sum = bias[o];
                for (size_t tap = 0; tap < 3; ++tap) {
                    const size_t at = t * stride + tap;  // one past the frame, for the padding
                    if (at == 0 || at > x.rows) continue;
                    for (size_t i = 0; i < x.cols; ++i)
                        sum += x(at - 1, i) * weight.values[(o * x.cols + i) * 3 + tap];
                }
                y(t, o) = sum;
            }
        }
        return y;
    }

    const RandomCheckpoint& checkpoint_;
};

/// Cosine and relative L2 distance of a computed matrix from the expected one.
struct Distance {
    double cosine = 0;
    double relative_l2 = 0;
};

inline Distance distance(const float* got, const Plain& wanted) {
    double dot = 0, got2 = 0, wanted2 = 0, difference2 = 0;
    for (size_t i = 0; i < wanted.values.size(); ++i) {
        const double g = got[i];
        const double w = wanted.values[i];
        dot += g * w;
        got2 += g * g;
        wanted2 += w * w;
        difference2 += (g - w) * (g - w);
    }
    return {dot / std::sqrt(got2 * wanted2), std::sqrt(difference2 / wanted2)};
}

}  // namespace npuscribe::test
