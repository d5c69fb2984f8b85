#include "decoder/decoder_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/thread_pool.h"
#include "device/checks.h"
#include "simd/rows/blocks.h"

namespace npuscribe {
namespace {

constexpr size_t kPieceRows = 16 * simd::kLaneBlock;
static_assert(kPieceRows % bfp16::kPanelRows == 0);

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

    /// Tensors of the same shape, stacked; in place if they are stacked in the checkpoint.
    simd::PackedMatrix matrix(const std::vector<std::string>& names) const {
        if (element_ == simd::Element::bfp16) {
            if (auto stacked = stacked_panels(names)) return std::move(*stacked);
        }
        const auto shape = checkpoint_.shape(names.front());
        simd::PackedMatrix packed(shape[0] * names.size(), shape[1], element_);
        for (size_t tensor = 0; tensor < names.size(); ++tensor)
            pack(names[tensor], tensor * shape[0], packed);
        if (element_ == simd::Element::bfp16)
            packed.set_exponents(
                check_exponents(packed.data(), packed.n(), packed.k(), names.front(), &pool_));
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
    /// The panels of all tensors, if they follow each other in memory; else nothing.
    std::optional<simd::PackedMatrix> stacked_panels(const std::vector<std::string>& names) const {
        std::span<const uint8_t> whole;
        for (const auto& name : names) {
            const auto panels = checkpoint_.panels(name);
            if (!panels || (!whole.empty() && panels->data() != whole.data() + whole.size()))
                return std::nullopt;
            whole = {whole.empty() ? panels->data() : whole.data(), whole.size() + panels->size()};
        }
        const auto shape = checkpoint_.shape(names.front());
        simd::PackedMatrix matrix(shape[0] * names.size(), shape[1], whole.data());
        matrix.set_exponents(check_exponents(whole.data(), matrix.n(), matrix.k(), names.front(), &pool_));
        return matrix;
    }

    /// Packs one tensor into the rows from `row` on, piece by piece, without an f32 copy of the whole.
    void pack(const std::string& name, size_t row, simd::PackedMatrix& packed) const {
        const size_t rows = checkpoint_.shape(name)[0];
        const auto panels = checkpoint_.panels(name);
        pool_.for_each(rows, kPieceRows, [&](size_t begin, size_t end, size_t worker) {
            const size_t count = end - begin;
            const auto bad = panels ? pack_restored(*panels, begin, count, row, worker, packed)
                                    : pack_read(name, begin, count, row, worker, packed);
            if (bad) {
                refuse_weights(name, fmt::format("{} in row {}: the model is damaged", simd::kNotInBlocks,
                                                 begin + *bad));
            }
        });
        checkpoint_.release(name);
    }

    /// Packs a file's panels, whose values must not be rounded again.
    std::optional<size_t> pack_restored(std::span<const uint8_t> panels, size_t first, size_t count,
                                        size_t row, size_t worker, simd::PackedMatrix& packed) const {
        const size_t k = packed.k();
        auto& [values, rounded] = scratch_[worker];
        if (element_ == simd::Element::bf16) {
            rounded.reserve_discard(count * k);
            const auto bad = simd::restore_panels(panels.data(), first, rounded.matrix(count, k));
            put(std::as_const(rounded).matrix(count, k), row + first, packed);
            return bad;
        }
        if (element_ == simd::Element::f32) {
            values.reserve_discard(count * k);
            const auto bad = simd::restore_panels(panels.data(), first, values.matrix(count, k));
            put(std::as_const(values).matrix(count, k), row + first, packed);
            return bad;
        }
        packed.copy_in(row + first, count, panels.data() + bfp16::panel_bytes(first, k));
        return std::nullopt;  // exponents are checked once everything is packed
    }

    /// Packs values in any other form.
    std::optional<size_t> pack_read(const std::string& name, size_t first, size_t count, size_t row,
                                    size_t worker, simd::PackedMatrix& packed) const {
        const size_t k = packed.k();
        auto& [values, rounded] = scratch_[worker];
        values.reserve_discard(count * k);
        checkpoint_.read_rows(name, first, {values.data(), count * k});
        const auto x = std::as_const(values).matrix(count, k);
        std::optional<size_t> bad;
        if (element_ == simd::Element::f32) {
            put(x, row + first, packed);
        } else if (element_ == simd::Element::bf16) {
            rounded.reserve_discard(count * k);
            const simd::RowPreparation how{simd::RowOperation::none, nullptr, nullptr, numerics_, {}};
            bad = simd::prepare_bf16(x, how, rounded.matrix(count, k));
            put(std::as_const(rounded).matrix(count, k), row + first, packed);
        } else {
            bad = packed.round_in(row + first, x);
        }
        return bad;
    }

    template <class T>
    static void put(MatrixView<const T> rows, size_t first, simd::PackedMatrix& packed) {
        for (size_t r = 0; r < rows.rows; r += simd::kLaneBlock) {
            packed.pack((first + r) / simd::kLaneBlock,
                        rows.rows_from(r, std::min(simd::kLaneBlock, rows.rows - r)));
        }
    }

    const Checkpoint& checkpoint_;
    simd::Numerics numerics_;
    simd::Element element_;
    ThreadPool& pool_;

    struct Scratch {
        Buffer<float> values;
        Buffer<uint16_t> rounded;
    };
    mutable std::vector<Scratch> scratch_;  // one for each worker, of kPieceRows rows
};

}  // namespace

DecoderWeights::DecoderWeights(const Checkpoint& checkpoint, simd::Numerics numerics, simd::Element element,
                               ThreadPool& pool) {
    const Loader load(checkpoint, numerics, element, pool);
    for (size_t i = 0; i < checkpoint.dimensions().n_text_layer; ++i) {
        const std::string block = fmt::format("decoder.blocks.{}.", i);
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
