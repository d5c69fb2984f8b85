#include "decoder/decoder_weights.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"
#include "simd/blocks.h"

namespace npuscribe {
namespace {

constexpr size_t kPieceRows = 16 * simd::kLaneBlock;

class Loader {
  public:
    Loader(const Checkpoint& checkpoint, simd::Numerics numerics, simd::Element element, ThreadPool& pool)
        : checkpoint_(checkpoint),
          numerics_(numerics),
          element_(element),
          pool_(pool),
          scratch_(pool.size()) {}

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
        std::mutex mutex;  // of the exponents in it
        const size_t pieces = (rows_a_tensor + kPieceRows - 1) / kPieceRows;
        std::vector<std::optional<std::span<const uint8_t>>> blocks;
        for (const auto& name : names) blocks.push_back(checkpoint_.blocks(name));
        pool_.for_each(names.size() * pieces, 1, [&](size_t task, size_t, size_t worker) {
            const size_t tensor = task / pieces;
            const size_t first = task % pieces * kPieceRows;
            const size_t count = std::min(kPieceRows, rows_a_tensor - first);
            const auto pack = [&](auto rows) {
                for (size_t row = 0; row < count; row += simd::kLaneBlock) {
                    const size_t block = (tensor * rows_a_tensor + first + row) / simd::kLaneBlock;
                    packed.pack(block, rows.rows_from(row, std::min(simd::kLaneBlock, count - row)));
                }
            };
            auto& [values, rounded, quantised] = scratch_[worker];
            std::optional<size_t> bad;
            const uint8_t* stored =
                blocks[tensor] ? blocks[tensor]->data() + first * bfp16::row_bytes(k) : nullptr;
            if (element_ == simd::Element::bfp16) {
                if (stored == nullptr) {
                    values.reserve_discard(count * k);
                    quantised.reserve_discard(count * bfp16::row_bytes(k));
                    checkpoint_.read_rows(names[tensor], first, {values.data(), count * k});
                    bad = simd::quantise_rows(std::as_const(values).matrix(count, k), quantised.data());
                    stored = quantised.data();
                }
                if (!bad) {
                    const auto exponents = packed.pack_blocks(tensor * rows_a_tensor + first, count, stored);
                    const std::lock_guard lock(mutex);
                    packed.include(exponents.range);
                    if (exponents.highest_stored > simd::kLargestBlockExponent)
                        bad = simd::exponents_out_of_range(stored, count, k);
                }
            } else if (element_ == simd::Element::bf16 && stored != nullptr) {
                rounded.reserve_discard(count * k);
                bad = simd::restore_rows(stored, rounded.matrix(count, k));
                pack(std::as_const(rounded).matrix(count, k));
            } else {
                values.reserve_discard(count * k);
                checkpoint_.read_rows(names[tensor], first, {values.data(), count * k});
                const auto x = std::as_const(values).matrix(count, k);
                if (element_ == simd::Element::f32) return pack(x);
                rounded.reserve_discard(count * k);
                const simd::RowPreparation how{simd::RowOperation::none, nullptr, nullptr, numerics_, {}};
                bad = simd::prepare_bf16(x, how, rounded.matrix(count, k));
                pack(std::as_const(rounded).matrix(count, k));
            }
            if (bad) {
                throw ModelError("the weights of " + names[tensor] +
                                 " hold Inf, NaN or 2^111 and more in row " + std::to_string(first + *bad) +
                                 ": the model is damaged");
            }
        });
        for (const auto& name : names) checkpoint_.release(name);
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
    simd::Numerics numerics_;
    simd::Element element_;
    ThreadPool& pool_;

    struct Scratch {
        Buffer<float> values;
        Buffer<uint16_t> rounded;
        Buffer<uint8_t> quantised;
    };
    mutable std::vector<Scratch> scratch_;  // a worker's, of kPieceRows rows
};

}  // namespace

DecoderWeights::DecoderWeights(const Checkpoint& checkpoint, simd::Numerics numerics, simd::Element element,
                               ThreadPool& pool) {
    const Loader load(checkpoint, numerics, element, pool);
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
