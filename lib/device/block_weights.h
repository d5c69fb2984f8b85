#pragma once
// What every device checks of weights that come as BFP16 blocks.

#include "device/device.h"

namespace npuscribe {

/// Throws ModelError where sizes do not fit each other.
void check_block_sizes(const BlockWeights& weights);

/// The same, and where a block's exponent is above simd::kLargestBlockExponent. Reads all blocks: a device
/// that does so anyway looks for itself, and calls this for the message.
void check_blocks(const BlockWeights& weights);

}  // namespace npuscribe
