#pragma once
// x·Wᵀ for hundreds of rows on AMX: bfloat16 tiles, in which BFP16 values are exact, and fp32 sums. W stays
// in panels (bfp16/panels.h); a panel of 64 columns at a time is expanded into tiles, which pays if many rows
// are multiplied by it. Call these only if isa() == Isa::amx; on other architectures than x86-64 they throw
// DeviceError.
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

/// Rounds `x` [m × c] to blocks and puts their values at `to`; c, k and col are multiples of 8. The columns
/// that pad k must be zero before the operand is multiplied. Returns the first row, counted in `x`, with Inf,
/// NaN or a magnitude of bfp16::kMagnitudeLimit or more (its values are not meaningful), or nothing.
std::optional<size_t> quantise_tile_operand(MatrixView<const float> x, bfp16::Rounding,
                                            const OperandPlace& to);

/// Expands panel `panel` of a right operand into tiles, tile_panel_bytes(k) at `out`. Exact except for blocks
/// of exponent 0: their values are subnormal in bfloat16, which AMX takes for zero, and become zero here.
void expand_panel(const uint8_t* weights, size_t k, size_t panel, uint8_t* out);

struct TileOperands {
    const uint8_t* left = nullptr;
    const uint8_t* panel = nullptr;  // expanded
    size_t k = 0;
};

/// Multiplies rows from `row` of the left operand on, a multiple of 32, by the panel's columns: as many rows
/// and columns as out.y has, at most 64 columns. `gelu`: y becomes gelu(y) at the end, absolute error below
/// 2e-6.
void multiply_tiles(const TileOperands& in, size_t row, const MatmulOutput& out, bool gelu = false);

/// A product that becomes the left operand, of k columns, of another matmul. If the panel is not full, it
/// must have been padded with zeros (bfp16::pad_last_panel): zeros then follow the product's last column up
/// to a multiple of 32.
struct TileOperandOutput {
    uint8_t* operand = nullptr;
    size_t k = 0;
    size_t rows = 0;
    size_t col = 0;               // the product's first, a multiple of 64
    size_t cols = 0;              // of the product, at most 64
    const float* bias = nullptr;  // from column col on; null: none
    bfp16::Rounding rounding = bfp16::Rounding::nearest_even;
    bool gelu = false;
};

/// The same, rounded to blocks: row r of the product becomes row r of out.operand. Returns the first row,
/// counted from `row`, in which sum + bias was Inf, NaN or of bfp16::kMagnitudeLimit or more, or nothing.
std::optional<size_t> multiply_tiles(const TileOperands& in, size_t row, const TileOperandOutput& out);

}  // namespace npuscribe::simd
