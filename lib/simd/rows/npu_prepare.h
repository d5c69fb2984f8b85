#pragma once
// Operands for the NPU's array: layer norm or GELU, the blocks' exponents and mantissas and the tile layout
// in one pass, so that each value is read once. The bytes are those that bfp16::quantise and bfp16::shuffle
// write.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/matrix_view.h"
#include "bfp16/layout.h"
#include "simd/rows/prepare.h"

namespace npuscribe::simd {

/// The place of a value that BFP16 cannot hold: Inf, NaN, or a magnitude that rounds to 2^128.
struct Place {
    size_t row = 0;
    size_t col = 0;
};

/// Writes `x` [m × layout.cols] to rows [first_row, first_row + m) of the tiles, and zeros to their padded
/// columns and to the rows up to the next multiple of 8. `first_row` must be a multiple of 8. Different
/// threads may write different rows. `how.numerics` is ignored. Returns the first value, after norm or GELU,
/// that BFP16 cannot hold (its rows of tiles are then not meaningful), or nothing.
std::optional<Place> prepare_for_npu(MatrixView<const float> x, const RowPreparation& how,
                                     const bfp16::TileLayout& layout, size_t first_row,
                                     std::span<uint8_t> tiles);

/// Zeros rows [first_row, layout.padded_rows()), first_row rounded up to a multiple of 8.
void clear_rows(const bfp16::TileLayout& layout, size_t first_row, std::span<uint8_t> tiles);

/// The inverse: decodes rows [first_row, first_row + out.rows) of the tiles into `out` [m × layout.cols].
void restore_from_npu(std::span<const uint8_t> tiles, const bfp16::TileLayout& layout, size_t first_row,
                      MatrixView<float> out);

// The same in steps, each a pass over memory, for `npuscribe bench prepare`, which measures them one by one.
// k is a multiple of 8.

/// Finds the exponent of each block, [m × k/8]: 255 if it holds Inf or NaN.
void find_exponents(MatrixView<const float> x, uint8_t* exponents);
/// Rounds to rows of blocks, as bfp16::quantise gives them. Values are below bfp16::kMagnitudeLimit.
void quantise_blocks(MatrixView<const float> x, const uint8_t* exponents, bfp16::Rounding, uint8_t* blocks);
/// As bfp16::shuffle, for matrices without padding.
void shuffle_blocks(const uint8_t* blocks, const bfp16::TileLayout& layout, std::span<uint8_t> tiles);

}  // namespace npuscribe::simd
