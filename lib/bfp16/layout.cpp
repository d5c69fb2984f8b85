#include "bfp16/layout.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace npuscribe::bfp16 {
namespace {

void check(const TileLayout& layout, size_t block_bytes, size_t tile_bytes) {
    const auto whole = [](size_t size) { return size != 0 && size % kSubtileRows == 0; };
    if (!whole(layout.tile_rows) || !whole(layout.tile_cols)) {
        throw InputError(fmt::format("a tile of {} x {} values is not made of 8 x 8 subtiles",
                                     layout.tile_rows, layout.tile_cols));
    }
    const size_t blocks = layout.rows * row_bytes(layout.cols);
    if (block_bytes != blocks || tile_bytes != layout.bytes()) {
        throw InputError(
            fmt::format("a {} x {} matrix takes {} bytes of blocks and {} of tiles, got {} and {}",
                        layout.rows, layout.cols, blocks, layout.bytes(), block_bytes, tile_bytes));
    }
}

}  // namespace

void shuffle(std::span<const uint8_t> blocks, const TileLayout& layout, std::span<uint8_t> tiles) {
    check(layout, blocks.size(), tiles.size());
    const size_t row_blocks = padded(layout.cols) / kBlockSize;
    for (size_t row = 0; row < layout.padded_rows(); ++row) {
        for (size_t block = 0; block < layout.padded_cols() / kBlockSize; ++block) {
            uint8_t* out = tiles.data() + layout.block_offset(row, block);
            if (row < layout.rows && block < row_blocks) {
                std::copy_n(blocks.data() + (row * row_blocks + block) * kBlockBytes, kBlockBytes, out);
            } else {
                std::fill_n(out, kBlockBytes, uint8_t{0});
            }
        }
    }
}

void unshuffle(std::span<const uint8_t> tiles, const TileLayout& layout, std::span<uint8_t> blocks) {
    check(layout, blocks.size(), tiles.size());
    const size_t row_blocks = padded(layout.cols) / kBlockSize;
    for (size_t row = 0; row < layout.rows; ++row) {
        for (size_t block = 0; block < row_blocks; ++block) {
            std::copy_n(tiles.data() + layout.block_offset(row, block), kBlockBytes,
                        blocks.data() + (row * row_blocks + block) * kBlockBytes);
        }
    }
}

}  // namespace npuscribe::bfp16
