#pragma once
// Track 1's conversions (bfp16/int8.h) in vector code, a row at a time.

#include <cstddef>
#include <cstdint>

#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::simd {

/// f32 to rows of blocks, as bfp16::quantise has them; x.cols is a multiple of 8. False where a value is not
/// finite or 2^111 or more in magnitude.
bool to_blocks(MatrixView<const float> x, bfp16::Rounding, uint8_t* blocks);

/// The largest exponent of `count` blocks in a row.
uint8_t largest_exponent(const uint8_t* blocks, size_t count);

/// BFP16 → INT8: `count` blocks, aligned to `exponent`, which none exceeds. `out` has 8 · count values.
void blocks_to_int8(const uint8_t* blocks, size_t count, uint8_t exponent, int8_t* out);

/// INT32 → BFP16: one row of sums (n a multiple of 8) times 2^(a + b[j] − 266), plus bias[j] where there is
/// one, to blocks. `b_units[j]` is 2^(b[j] − 133). False where a value is not finite or too large.
bool int32_to_blocks(const int32_t* sums, size_t n, uint8_t a, const float* b_units, const float* bias,
                     bfp16::Rounding, uint8_t* blocks);

/// Blocks in a row back to 8 · count values.
void blocks_to_f32(const uint8_t* blocks, size_t count, float* out);

/// 2^(exponent − 133): what a unit of a mantissa is worth.
float mantissa_unit(uint8_t exponent);

}  // namespace npuscribe::simd
