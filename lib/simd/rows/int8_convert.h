#pragma once
// INT8 conversions (bfp16/int8.h) of one row, in vector code, from and to blocks in memory: each is a step
// that `npuscribe bench prepare` measures. The devices run int8_rows.h, which leaves the blocks out.

#include <cstddef>
#include <cstdint>

#include "bfp16/block.h"
#include "simd/rows/int8_rows.h"

namespace npuscribe::simd {

/// The largest exponent of `count` blocks in a row.
uint8_t largest_exponent(const uint8_t* blocks, size_t count);

/// BFP16 → INT8: aligns `count` blocks to `exponent`, which none may exceed. `out` has 8 · count values.
void blocks_to_int8(const uint8_t* blocks, size_t count, uint8_t exponent, int8_t* out);

/// INT32 → BFP16: rounds the row's numbers to blocks. False if a number is Inf, NaN or of
/// bfp16::kMagnitudeLimit or more.
bool int32_to_blocks(const Int32Row& row, bfp16::Rounding, uint8_t* blocks);

}  // namespace npuscribe::simd
