#pragma once
// What every device checks of weights that come as BFP16 blocks.

#include <cstdint>
#include <string>
#include <vector>

#include "bfp16/panels.h"
#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// The exponents of `panels` of W [n × k]. Throws ModelError where one is above simd::kLargestBlockExponent:
/// "the weights of `name` are damaged: a block of row 5 has ...". `pool`, where given, shares the work.
bfp16::ExponentRange check_exponents(const uint8_t* panels, size_t n, size_t k, const std::string& name,
                                     ThreadPool* pool = nullptr);

/// The same, and throws ModelError where sizes do not fit each other.
bfp16::ExponentRange check_blocks(const BlockWeights& weights, ThreadPool* pool = nullptr);

/// Rows of blocks, as bfp16::quantise has them.
std::vector<uint8_t> rows_of_blocks(const BlockWeights& weights);

}  // namespace npuscribe
