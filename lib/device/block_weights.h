#pragma once
// What every device checks of weights that come as BFP16 blocks.

#include "device/device.h"

namespace npuscribe {

/// Throws ModelError where sizes do not fit each other, or a block's exponent is above
/// simd::kLargestBlockExponent.
void check_blocks(const BlockWeights& weights);

}  // namespace npuscribe
