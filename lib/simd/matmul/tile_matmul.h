#pragma once
// x·Wᵀ for hundreds of rows on AMX: bfloat16 tiles, in which BFP16 values are exact, and fp32 sums. W stays
// in panels (bfp16/panels.h); a panel of 64 columns at a time is expanded into tiles, which pays where many
// rows are multiplied by it. Call these only where isa() == Isa::amx; on other architectures than x86 they
// throw DeviceError.
//
//   left operand    groups of 32 rows; a group is its blocks along K; a block is 2 KB: 32 rows of 32 values
//   expanded panel  2 × 32 columns; these are their blocks along K; a block is 2 KB: 2 × 16 columns, each 16
//                   pairs along K, side by side for all columns
//
// Both are padded along K to whole blocks of 32.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/matrix_view.h"
#include "bfp16/block.h"
#include "simd/matmul/block_matmul.h"

namespace npuscribe::simd {

inline constexpr size_t kTileGroupRows = 32;
inline constexpr size_t kTileDepth = 32;  // values along K in a block
inline constexpr size_t kTileBlockBytes = kTileGroupRows * kTileDepth * sizeof(uint16_t);

constexpr size_t tile_depth_blocks(size_t k) {
    return (k + kTileDepth - 1) / kTileDepth;
}
/// Bytes of a left operand of m rows, and of an expanded panel. k is a multiple of 8.
constexpr size_t tile_operand_bytes(size_t m, size_t k) {
    return (m + kTileGroupRows - 1) / kTileGroupRows * tile_depth_blocks(k) * kTileBlockBytes;
}
constexpr size_t tile_panel_bytes(size_t k) {
    return kBlockPanelCols / kTileDepth * tile_depth_blocks(k) * kTileBlockBytes;
}

/// Rounds `x` [m × c] to blocks and puts their values into rows [row, row + m) and columns [col, col + c) of
/// a left operand of k columns; c, k and col are multiples of 8. The columns that pad k must be zero before
/// it is multiplied. Returns the first row, counted in `x`, with Inf, NaN or a magnitude of 2^111 or more
/// (its values are not meaningful), or nothing.
std::optional<size_t> quantise_tile_operand(MatrixView<const float> x, bfp16::Rounding, uint8_t* operand,
                                            size_t k, size_t row, size_t col);

/// Panel `panel` of a right operand to tiles, tile_panel_bytes(k) at `out`. Exact but for blocks of exponent
/// 0, whose values, subnormal in bfloat16, are zero to AMX and become zero here.
void expand_panel(const uint8_t* weights, size_t k, size_t panel, uint8_t* out);

/// The rows of out.y, from `row` of the left operand on, by the panel's columns: out.y has at most 64. row is
/// a multiple of 32. `gelu`: y becomes gelu(y), absolute error below 2e-6, after all else.
void multiply_tiles(const uint8_t* operand, const uint8_t* expanded, size_t k, size_t row,
                    const BlockOutput& out, bool gelu = false);

/// Where a product becomes the left operand of the next, of k columns. A panel that is not full must have
/// been zeroed (zero_last_panel): zeros follow the product's last column to a multiple of 32.
struct TileOperandOutput {
    uint8_t* operand = nullptr;
    size_t k = 0;
    size_t rows = 0;
    size_t col = 0;               // first of the product's, a multiple of 64
    size_t cols = 0;              // of the product, at most 64
    const float* bias = nullptr;  // of column col
    bfp16::Rounding rounding = bfp16::Rounding::nearest_even;
    bool gelu = false;
};

/// The same, rounded to blocks: row r of the product becomes row r of out.operand. Returns the first row,
/// counted from `row`, in which sum + bias was Inf, NaN or 2^111 or more in magnitude, or nothing.
std::optional<size_t> multiply_tiles(const uint8_t* operand, const uint8_t* expanded, size_t k, size_t row,
                                     const TileOperandOutput& out);

}  // namespace npuscribe::simd
