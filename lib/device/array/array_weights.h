#pragma once
// Weights and biases in the array's tiles, as the npu and the emulated device both lay them out.

#include <cstdint>
#include <span>

#include "bfp16/layout.h"
#include "device/device.h"

namespace npuscribe::array {

/// Copies the blocks of `weights` into `tiles` of `layout`, unchanged.
void lay_out_blocks(const BlockWeights& weights, const bfp16::TileLayout& layout, std::span<uint8_t> tiles);

/// Writes `bias` (which may be empty) in front of each row of tiles: the values of its columns of the result.
void lay_out_bias(std::span<const float> bias, const bfp16::TileLayout& layout, std::span<uint8_t> tiles);

}  // namespace npuscribe::array
