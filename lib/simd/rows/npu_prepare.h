#pragma once
// Operands on their way to the array: layer norm or GELU, the blocks' exponents, mantissas and the tile
// layout in one pass, so that a value is read once. What it writes is what bfp16::quantise and bfp16::shuffle
// would.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/matrix_view.h"
#include "bfp16/layout.h"
#include "simd/rows/prepare.h"

namespace npuscribe::simd {

/// Where a value is that BFP16 cannot hold: Inf, NaN, or a magnitude that rounds to 2^128.
struct Place {
    size_t row = 0;
    size_t col = 0;
};

/// `x` [m × layout.cols] becomes rows [first_row, first_row + m) of the tiles; their padded columns, and the
/// rows up to the next multiple of 8, are set to zero. `first_row` must be a multiple of 8. Different rows
/// may be written from different threads. `how.numerics` is not looked at. Returns the first bad value of `x`
/// after norm or GELU, as far as it can be told (its rows of tiles are then not meaningful), or nothing.
std::optional<Place> prepare_for_npu(MatrixView<const float> x, const RowPreparation& how,
                                     const bfp16::TileLayout& layout, size_t first_row,
                                     std::span<uint8_t> tiles);

/// Zeros rows [first_row, layout.padded_rows()), first_row rounded up to a multiple of 8.
void clear_rows(const bfp16::TileLayout& layout, size_t first_row, std::span<uint8_t> tiles);

/// The inverse: decodes rows [first_row, first_row + out.rows) of the tiles into `out` [m × layout.cols].
void restore_from_npu(std::span<const uint8_t> tiles, const bfp16::TileLayout& layout, size_t first_row,
                      MatrixView<float> out);

// The same in steps, each a pass over memory, to be measured one by one. k is a multiple of 8.

/// The exponent of each block, [m × k/8]; 255 where a block holds Inf or NaN.
void find_exponents(MatrixView<const float> x, uint8_t* exponents);
/// Rows of blocks, as bfp16::quantise has them, from values below 2^111 and their exponents.
void quantise_blocks(MatrixView<const float> x, const uint8_t* exponents, bfp16::Rounding, uint8_t* blocks);
/// bfp16::shuffle, for matrices without padding.
void shuffle_blocks(const uint8_t* blocks, const bfp16::TileLayout& layout, std::span<uint8_t> tiles);

}  // namespace npuscribe::simd
