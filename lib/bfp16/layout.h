#pragma once
// The tile layout ("DIM32 shuffle") in which the NPU reads BFP16 matrices. The array multiplies subtiles of
// 8 × 8, and its DMA moves whole 32-bit words, so that it cannot gather 9-byte blocks; the host gathers them.
//
//   matrix   [rows × cols], both padded to whole tiles; tiles in row-major order, each contiguous
//   tile     [tile_rows × tile_cols]; subtiles in column-major order
//   subtile  8 rows × 8 columns: 8 blocks of 9 bytes, one a row, top to bottom: 72 contiguous bytes
//
// A is [M × K], B is [N × K]: the blocks of both operands run along K. A header may stand in front of each
// row of tiles; B's holds the bias of the columns of C.
//
// Because subtiles are column-major, a row of tiles without headers is the same bytes whatever its tile_cols:
// columns of subtiles, one after the other. So a core can write its tile of one product, of any width, where
// the next product reads its tiles of K.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bfp16/block.h"

namespace npuscribe::bfp16 {

/// Increase it whenever the bytes change: programs built for one version refuse another.
inline constexpr int kLayoutVersion = 2;

inline constexpr size_t kSubtileRows = 8;
inline constexpr size_t kSubtileBytes = kSubtileRows * kBlockBytes;  // 72

/// Sizes in values; `tile_rows` and `tile_cols` are multiples of 8.
struct TileLayout {
    size_t rows = 0;
    size_t cols = 0;
    size_t tile_rows = 0;
    size_t tile_cols = 0;
    size_t header_bytes = 0;  // in front of each row of tiles

    size_t row_tiles() const { return (rows + tile_rows - 1) / tile_rows; }
    size_t col_tiles() const { return (cols + tile_cols - 1) / tile_cols; }
    size_t padded_rows() const { return row_tiles() * tile_rows; }
    size_t padded_cols() const { return col_tiles() * tile_cols; }
    size_t tile_bytes() const { return tile_rows * tile_cols / kBlockSize * kBlockBytes; }
    size_t row_tile_bytes() const { return header_bytes + col_tiles() * tile_bytes(); }
    size_t bytes() const { return row_tiles() * row_tile_bytes(); }

    /// Where the tile at (tile row, tile column) starts.
    size_t tile_offset(size_t row_tile, size_t col_tile) const {
        return row_tile * row_tile_bytes() + header_bytes + col_tile * tile_bytes();
    }
    /// From a subtile to the next one of the same rows in its tile.
    size_t subtile_step() const { return tile_rows / kSubtileRows * kSubtileBytes; }
    /// Where the block at row `row`, columns from 8·block on, starts. Padding has blocks, too.
    size_t block_offset(size_t row, size_t block) const {
        const size_t col = block * kBlockSize;
        const size_t subtile =
            col % tile_cols / kBlockSize * (tile_rows / kSubtileRows) + row % tile_rows / kSubtileRows;
        return tile_offset(row / tile_rows, col / tile_cols) + subtile * kSubtileBytes +
               row % kSubtileRows * kBlockBytes;
    }
};

/// Copies rows of blocks, as `quantise` gives them, to tiles. Padding becomes zero; headers stay as they are.
/// Throws InputError if a size does not fit the layout, or a tile is not made of whole subtiles.
void shuffle(std::span<const uint8_t> blocks, const TileLayout&, std::span<uint8_t> tiles);
/// The inverse, byte for byte; padding is dropped.
void unshuffle(std::span<const uint8_t> tiles, const TileLayout&, std::span<uint8_t> blocks);

}  // namespace npuscribe::bfp16
