#include "simd/rows/npu_results.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/buffer.h"
#include "catch.h"

using namespace npuscribe;

namespace {

/// Tiles of 16 rows of values that each tell their row and column, and no value in between.
struct Tiles {
    size_t rows, cols;
    simd::ResultLayout layout;
    std::vector<uint8_t> bytes;

    Tiles(size_t rows_, size_t cols_, size_t value_bytes, size_t wide) : rows(rows_), cols(cols_) {
        const size_t tile_bytes = 16 * wide * value_bytes + 40, across = (cols + wide - 1) / wide;
        layout = {16, wide, tile_bytes, across * tile_bytes, value_bytes};
        bytes.assign((rows + 15) / 16 * layout.row_tile_bytes, 0xFF);
        // In the order in which a core writes them, worked out without `offset`.
        for (size_t row = 0; row < rows; ++row) {
            for (size_t col = 0; col < cols; ++col) {
                const size_t tile = row / 16 * across + col / wide;
                const size_t subtile = col % wide / 8 * 2 + row % 16 / 8;
                const auto bits = std::bit_cast<uint32_t>(value(row, col));
                std::memcpy(
                    bytes.data() + tile * tile_bytes + (subtile * 64 + row % 8 * 8 + col % 8) * value_bytes,
                    reinterpret_cast<const uint8_t*>(&bits) + 4 - value_bytes, value_bytes);
            }
        }
    }
    /// Exact in bfloat16.
    static float value(size_t row, size_t col) {
        return static_cast<float>(row % 16 * 16 + col % 16) * (row >= 16 ? 2 : 1) * (col >= 16 ? -1 : 1);
    }
};

}  // namespace

TEST_CASE("results are taken from their tiles, as they are or added") {
    const size_t value_bytes = GENERATE(size_t{2}, size_t{4});
    const auto [rows, cols] = GENERATE(table<size_t, size_t>({{16, 24}, {40, 72}, {33, 61}, {1, 3}}));
    const bool add = GENERATE(false, true);
    // Of two subtiles and more, and with rows that begin cache lines, results go past the caches.
    const size_t tile_cols = GENERATE(size_t{24}, size_t{32});
    const bool lines = GENERATE(false, true);
    const Tiles tiles(rows, cols, value_bytes, tile_cols);
    const size_t stride = lines ? (cols + 15) / 16 * 16 + 16 : cols + 5;
    for (const size_t first : {size_t{0}, rows / 2}) {
        Buffer<float> out((rows - first) * stride);
        std::fill(out.begin(), out.end(), 100.0F);
        simd::take_results(tiles.bytes, tiles.layout, first, add, {out.data(), rows - first, cols, stride});
        size_t wrong = 0;
        for (size_t row = first; row < rows; ++row) {
            for (size_t col = 0; col < stride; ++col) {
                const float before = add || col >= cols ? 100.0F : 0.0F;
                const float wanted = before + (col < cols ? Tiles::value(row, col) : 0.0F);
                if (out[(row - first) * stride + col] != wanted) ++wrong;
            }
        }
        CHECK(wrong == 0);
    }
}
