#pragma once
// INT8 conversions: BFP16 → INT8 → matmul → INT32 → BFP16. A row's blocks are aligned to one common exponent,
// so that the row is 8-bit numbers of one scale, whose products an integer multiplier can sum:
//
//   value = q / 64 × 2^(exponent − 127)          as in a block, but for a whole row (or a whole tensor)
//
// This is the reference, without vector code; simd/rows/int8_rows.h and int8_convert.h are what runs.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::bfp16 {

/// The largest exponent of each row's blocks: the row's common exponent. `blocks` are rows of [cols] values,
/// as `quantise` gives them.
std::vector<uint8_t> row_exponents(std::span<const uint8_t> blocks, size_t rows, size_t cols);

/// Aligns each row's mantissas to its common exponent: q = mantissa × 2^(block exponent − common exponent),
/// rounded to nearest even. No exponent may be below that of any of its row's blocks. `out` is [rows × cols].
void to_int8(std::span<const uint8_t> blocks, std::span<const uint8_t> exponents, MatrixView<int8_t> out);

/// Sums of products back to blocks along the row: sums[i][j] × 2^(a[i] + b[j] − 266) + bias[j], in f32,
/// rounded to BFP16. `a`: common exponents of the left operand's rows, one each or one for all; `b`: those of
/// the weights' rows; `bias`: one a column, or none. Returns blocks as `quantise` does. Throws InputError if
/// a result does not fit in BFP16.
std::vector<uint8_t> from_int32(MatrixView<const int32_t> sums, std::span<const uint8_t> a,
                                std::span<const uint8_t> b, std::span<const float> bias, Rounding);

/// [rows × cols] bytes to tiles of 8 × 8 subtiles, tiles and subtiles row-major, as the array's int8 kernel
/// reads them; a subtile's 64 bytes are [row][col], or for B [col][row] (`k_major`), because the multiplier
/// takes K first. Padding is zero.
struct Int8Tiles {
    size_t rows = 0, cols = 0;
    size_t tile_rows = 0, tile_cols = 0;  // multiples of 8
    bool k_major = false;

    size_t padded_rows() const { return (rows + tile_rows - 1) / tile_rows * tile_rows; }
    size_t padded_cols() const { return (cols + tile_cols - 1) / tile_cols * tile_cols; }
    size_t bytes() const { return padded_rows() * padded_cols(); }
    size_t offset(size_t row, size_t col) const {
        const size_t tile = row / tile_rows * (padded_cols() / tile_cols) + col / tile_cols;
        const size_t subtile = row % tile_rows / 8 * (tile_cols / 8) + col % tile_cols / 8;
        const size_t within = k_major ? col % 8 * 8 + row % 8 : row % 8 * 8 + col % 8;
        return tile * tile_rows * tile_cols + subtile * 64 + within;
    }
};
void shuffle(MatrixView<const int8_t> values, const Int8Tiles&, std::span<uint8_t> tiles);

}  // namespace npuscribe::bfp16
