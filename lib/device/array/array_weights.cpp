#include "device/array/array_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "bfp16/panels.h"

namespace npuscribe::array {

void lay_out_blocks(const BlockWeights& weights, const bfp16::TileLayout& layout, std::span<uint8_t> tiles) {
    std::vector<uint8_t> rows(weights.n * bfp16::row_bytes(weights.k));
    bfp16::unpack_panels(weights.panels.data(), weights.k, 0, weights.n, rows.data());
    bfp16::shuffle(rows, layout, tiles.first(layout.bytes()));
}

void lay_out_bias(std::span<const float> bias, const bfp16::TileLayout& layout, std::span<uint8_t> tiles) {
    for (size_t first = 0; first < bias.size(); first += layout.tile_rows) {
        const auto part = bias.subspan(first, std::min(layout.tile_rows, bias.size() - first));
        std::memcpy(tiles.data() + first / layout.tile_rows * layout.row_tile_bytes(), part.data(),
                    part.size_bytes());
    }
}

}  // namespace npuscribe::array
