#include "decoder/decoder_weights.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace npuscribe {
namespace {

constexpr size_t kPieceRows = 16 * simd::kLaneBlock;

class Loader {
  public:
    Loader(const Checkpoint& checkpoint, simd::Element element, ThreadPool& pool)
        : checkpoint_(checkpoint), element_(element), pool_(pool) {}

    NormWeights norm(const std::string& name) const {
        return {checkpoint_.read(name + ".weight"), checkpoint_.read(name + ".bias")};
    }

    /// Tensors of the same shape, stacked. Read and packed piece by piece: no f32 copy of the whole is ever
    /// made.
    simd::PackedMatrix matrix(const std::vector<std::string>& names) const {
        const auto shape = checkpoint_.shape(names.front());
        const size_t rows_a_tensor = shape[0];
        const size_t n = rows_a_tensor * names.size();
        const size_t k = shape[1];
        simd::PackedMatrix packed(n, k, element_);
        const size_t pieces = (rows_a_tensor + kPieceRows - 1) / kPieceRows;
        pool_.for_each(names.size() * pieces, 1, [&](size_t task, size_t, size_t) {
            const size_t tensor = task / pieces;
            const size_t first = task % pieces * kPieceRows;
            const size_t count = std::min(kPieceRows, rows_a_tensor - first);
            Buffer<float> piece(count * k);
            checkpoint_.read_rows(names[tensor], first, {piece.data(), piece.size()});
            for (size_t row = 0; row < count; row += simd::kLaneBlock) {
                const size_t block = (tensor * rows_a_tensor + first + row) / simd::kLaneBlock;
                packed.pack(block,
                            piece.matrix(count, k).rows_from(row, std::min(simd::kLaneBlock, count - row)));
            }
        });
        return packed;
    }

    PackedLinear linear(const std::vector<std::string>& names) const {
        std::vector<std::string> weights;
        for (const auto& name : names) weights.push_back(name + ".weight");
        PackedLinear result{matrix(weights), {}};
        const size_t n = result.weight.n();
        result.bias = Buffer<float>(n);
        std::fill(result.bias.begin(), result.bias.end(), 0.0F);
        size_t at = 0;
        for (const auto& name : names) {
            if (checkpoint_.has(name + ".bias")) {
                checkpoint_.read(name + ".bias", {result.bias.data() + at, n / names.size()});
            }
            at += n / names.size();
        }
        return result;
    }

  private:
    const Checkpoint& checkpoint_;
    simd::Element element_;
    ThreadPool& pool_;
};

}  // namespace

DecoderWeights::DecoderWeights(const Checkpoint& checkpoint, simd::Element element, ThreadPool& pool) {
    const Loader load(checkpoint, element, pool);
    for (size_t i = 0; i < checkpoint.dimensions().n_text_layer; ++i) {
        const std::string block = "decoder.blocks." + std::to_string(i) + ".";
        layers.push_back({load.norm(block + "attn_ln"),
                          load.linear({block + "attn.query", block + "attn.key", block + "attn.value"}),
                          load.linear({block + "attn.out"}), load.norm(block + "cross_attn_ln"),
                          load.linear({block + "cross_attn.query"}), load.linear({block + "cross_attn.out"}),
                          load.norm(block + "mlp_ln"), load.linear({block + "mlp.0"}),
                          load.linear({block + "mlp.2"})});
    }
    embedding = load.matrix({"decoder.token_embedding.weight"});
    positions = checkpoint.read("decoder.positional_embedding");
    norm = load.norm("decoder.ln");
}

}  // namespace npuscribe
