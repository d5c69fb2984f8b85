#include "simd/rows/npu_prepare.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>

#include "base/buffer.h"
#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rows/npu_prepare.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/rows/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

using bfp16::kBlockBytes;
using bfp16::kBlockSize;
using bfp16::kSubtileBytes;
using bfp16::kSubtileRows;
using bfp16::Rounding;
using bfp16::TileLayout;

/// Rounds columns [first_col, first_col + cols) of eight rows to one row of subtiles; cols is a multiple
/// of 8, and `step` is from a subtile to the next.
template <Rounding kRounding>
uint32_t QuantiseStrip(const float* const* rows, size_t first_col, size_t cols, size_t step, uint8_t* out) {
    uint32_t worst = 0;
    size_t col = 0;
    for (; col + kGroupBlocks * kBlockSize <= cols; col += kGroupBlocks * kBlockSize) {
        worst |= QuantiseSubtiles<kRounding>(rows, first_col + col, step, out);
        out += kGroupBlocks * step;
    }
    for (; col < cols; col += kBlockSize, out += step) {
        worst |= QuantiseSubtile<kRounding>(rows, first_col + col, out);
    }
    return worst;
}

/// Writes eight rows from `row` of the layout on, tile after tile along K.
template <Rounding kRounding>
bool PrepareStrip(const float* const* rows, size_t cols, const TileLayout& layout, size_t row,
                  uint8_t* tiles) {
    uint32_t worst = 0;
    for (size_t col = 0; col < layout.padded_cols(); col += layout.tile_cols) {
        uint8_t* out = tiles + layout.block_offset(row, col / kBlockSize);
        const size_t filled = std::min(layout.tile_cols, cols - std::min(cols, col));
        const size_t step = layout.subtile_step();
        worst |= QuantiseStrip<kRounding>(rows, col, filled, step, out);
        for (size_t subtile = filled / kBlockSize; subtile < layout.tile_cols / kBlockSize; ++subtile)
            std::memset(out + subtile * step, 0, kSubtileBytes);
    }
    return worst == 0;
}

bool PrepareRows(const float* const* rows, size_t cols, const TileLayout& layout, size_t row,
                 Rounding rounding, uint8_t* tiles) {
    return rounding == Rounding::floor ? PrepareStrip<Rounding::floor>(rows, cols, layout, row, tiles)
                                       : PrepareStrip<Rounding::nearest_even>(rows, cols, layout, row, tiles);
}

void RestoreRow(const uint8_t* tiles, const TileLayout& layout, size_t row, float* out) {
    for (size_t first = 0; first < layout.cols; first += layout.tile_cols) {
        const uint8_t* block = tiles + layout.block_offset(row, first / kBlockSize);
        const size_t end = std::min(layout.cols, first + layout.tile_cols);
        size_t col = first;
        for (; col + kBlockSize <= end; col += kBlockSize, block += layout.subtile_step())
            DecodeBlock(block, out + col);
        if (col < end) {
            float values[kBlockSize];
            DecodeBlock(block, values);
            std::copy_n(values, end - col, out + col);
        }
    }
}

void FindExponents(MatrixView<const float> x, uint8_t* exponents) {
    for (size_t row = 0; row < x.rows; ++row) {
        for (size_t col = 0; col < x.cols; col += kBlockSize) *exponents++ = BlockExponent(x.row(row) + col);
    }
}

void QuantiseBlocks(MatrixView<const float> x, const uint8_t* exponents, Rounding rounding, uint8_t* blocks) {
    for (size_t row = 0; row < x.rows; ++row) {
        const float* in = x.row(row);
        for (size_t col = 0; col < x.cols; col += kBlockSize, blocks += kBlockBytes, ++exponents) {
            if (rounding == Rounding::floor) {
                QuantiseBlock<Rounding::floor>(in + col, *exponents, blocks);
            } else {
                QuantiseBlock<Rounding::nearest_even>(in + col, *exponents, blocks);
            }
        }
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(PrepareRows);
HWY_EXPORT(RestoreRow);
HWY_EXPORT(FindExponents);
HWY_EXPORT(QuantiseBlocks);

namespace {

using bfp16::kBlockBytes;
using bfp16::kBlockSize;
using bfp16::kSubtileRows;
using bfp16::TileLayout;

/// Eight rows, padded with zeros to whole blocks; `count` of them, and `cols` of their columns, are the
/// caller's.
struct Strip {
    std::array<const float*, kSubtileRows> rows{};
    size_t count = 0;
    size_t cols = 0;
};

/// The reference code, for a strip with a value that is Inf, NaN or too large for the vector code
/// (bfp16::kMagnitudeLimit or more). Returns the first value that BFP16 cannot hold.
std::optional<Place> prepare_plainly(const Strip& strip, const TileLayout& layout, size_t row,
                                     bfp16::Rounding rounding, uint8_t* tiles) {
    for (size_t r = 0; r < kSubtileRows; ++r) {
        for (size_t col = 0; col < strip.cols; col += kBlockSize) {
            const float* values = strip.rows[r] + col;
            uint8_t* block = tiles + layout.block_offset(row + r, col / kBlockSize);
            const bool finite =
                std::all_of(values, values + kBlockSize, [](float value) { return std::isfinite(value); });
            if (finite) bfp16::quantise_block(values, block, rounding);
            for (size_t i = 0; i < kBlockSize; ++i) {
                // Mantissa −128 at the largest exponent is −2^128.
                const bool overflow = finite && block[0] == 254 && block[1 + i] == 0x80;
                if (r < strip.count && col + i < strip.cols && (!std::isfinite(values[i]) || overflow))
                    return Place{r, col + i};
            }
        }
    }
    return std::nullopt;
}

/// True if the kernel can read the caller's rows in place.
bool usable_in_place(MatrixView<const float> x, const RowPreparation& how, size_t count) {
    return how.operation == RowOperation::none && count == kSubtileRows && x.cols % kBlockSize == 0;
}

/// Applies norm or GELU, and pads with zeros.
void fill_scratch(MatrixView<const float> x, const RowPreparation& how, MatrixView<float> out) {
    assert(how.operation != RowOperation::layer_norm || x.cols == out.cols);
    RowPreparation unrounded = how;
    unrounded.numerics = Numerics::f32;
    std::fill_n(out.data, out.rows * out.cols, 0.0F);
    if (x.cols == out.cols) {
        prepare_f32(x, unrounded, out.rows_from(0, x.rows));
        return;
    }
    for (size_t r = 0; r < x.rows; ++r) std::copy_n(x.row(r), x.cols, out.row(r));
    if (how.operation == RowOperation::gelu) prepare_f32(out, unrounded, out);  // GELU of 0 is 0
}

}  // namespace

std::optional<Place> prepare_for_npu(MatrixView<const float> x, const RowPreparation& how,
                                     const TileLayout& layout, size_t first_row, std::span<uint8_t> tiles) {
    init_isa();
    const size_t cols = bfp16::padded(x.cols);
    thread_local Buffer<float> scratch;
    std::optional<Place> bad;
    for (size_t first = 0; first < x.rows; first += kSubtileRows) {
        const size_t count = std::min(kSubtileRows, x.rows - first);
        Strip strip{{}, count, x.cols};
        if (usable_in_place(x, how, count)) {
            for (size_t r = 0; r < kSubtileRows; ++r) strip.rows[r] = x.row(first + r);
        } else {
            scratch.reserve_discard(kSubtileRows * cols);
            fill_scratch(x.rows_from(first, count), how, scratch.matrix(kSubtileRows, cols));
            for (size_t r = 0; r < kSubtileRows; ++r) strip.rows[r] = scratch.data() + r * cols;
        }
        const size_t row = first_row + first;
        if (HWY_DYNAMIC_DISPATCH(PrepareRows)(strip.rows.data(), cols, layout, row, how.rounding,
                                              tiles.data()))
            continue;
        const auto place = prepare_plainly(strip, layout, row, how.rounding, tiles.data());
        if (place && !bad) bad = Place{first + place->row, place->col};
    }
    return bad;
}

void clear_rows(const TileLayout& layout, size_t first_row, std::span<uint8_t> tiles) {
    for (size_t row = (first_row + kSubtileRows - 1) / kSubtileRows * kSubtileRows;
         row < layout.padded_rows(); row += kSubtileRows) {
        for (size_t block = 0; block < layout.padded_cols() / kBlockSize; ++block)
            std::memset(tiles.data() + layout.block_offset(row, block), 0, bfp16::kSubtileBytes);
    }
}

void restore_from_npu(std::span<const uint8_t> tiles, const TileLayout& layout, size_t first_row,
                      MatrixView<float> out) {
    init_isa();
    const auto restore_row = HWY_DYNAMIC_DISPATCH(RestoreRow);
    for (size_t row = 0; row < out.rows; ++row)
        restore_row(tiles.data(), layout, first_row + row, out.row(row));
}

void find_exponents(MatrixView<const float> x, uint8_t* exponents) {
    init_isa();
    HWY_DYNAMIC_DISPATCH(FindExponents)(x, exponents);
}

void quantise_blocks(MatrixView<const float> x, const uint8_t* exponents, bfp16::Rounding rounding,
                     uint8_t* blocks) {
    init_isa();
    HWY_DYNAMIC_DISPATCH(QuantiseBlocks)(x, exponents, rounding, blocks);
}

void shuffle_blocks(const uint8_t* blocks, const TileLayout& layout, std::span<uint8_t> tiles) {
    for (size_t row = 0; row < layout.rows; ++row) {
        for (size_t col = 0; col < layout.cols; col += layout.tile_cols) {
            uint8_t* out = tiles.data() + layout.block_offset(row, col / kBlockSize);
            for (size_t block = 0; block < layout.tile_cols / kBlockSize; ++block) {
                std::memcpy(out + block * layout.subtile_step(), blocks, kBlockBytes);
                blocks += kBlockBytes;
            }
        }
    }
}

}  // namespace npuscribe::simd
#endif
