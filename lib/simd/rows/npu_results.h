#pragma once
// Products as the NPU's array leaves them in memory: tiles, row-major, each of 8 × 8 subtiles of bfloat16 or
// 4-byte values, subtiles column-major.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix_view.h"

namespace npuscribe::simd {

struct ResultLayout {
    size_t tile_rows = 0, tile_cols = 0;  // multiples of 8
    size_t tile_bytes = 0;                // from a tile to the next in its row of tiles
    size_t row_tile_bytes = 0;            // from a row of tiles to the next
    size_t value_bytes = 4;               // 2 of bfloat16

    /// Where the value at (row, col) is.
    size_t offset(size_t row, size_t col) const {
        const size_t subtile = col % tile_cols / 8 * (tile_rows / 8) + row % tile_rows / 8;
        return row / tile_rows * row_tile_bytes + col / tile_cols * tile_bytes +
               (subtile * 64 + row % 8 * 8 + col % 8) * value_bytes;
    }
};

/// Stores rows [first_row, first_row + out.rows) of `c`, f32 or bfloat16, in `out`, or adds them to it.
/// Different threads may take different rows.
void take_results(std::span<const uint8_t> c, const ResultLayout& layout, size_t first_row, bool add,
                  MatrixView<float> out);

}  // namespace npuscribe::simd
