#pragma once
// Track 1's conversions (bfp16/int8.h) without blocks in between: the same numbers as
// simd/rows/int8_convert.h, rounded in registers. What the cpu device runs inside its matmuls.

#include <cstddef>
#include <cstdint>

#include "bfp16/block.h"

namespace npuscribe::simd {

/// The largest block exponent of `n` values: that of the largest magnitude. False where a value is not finite
/// or 2^111 or more in magnitude.
bool row_exponent(const float* x, size_t n, uint8_t& exponent);

/// f32 → BFP16 → INT8: n values (a multiple of 8) rounded to blocks, then aligned to `exponent`, which no
/// block's exceeds.
void row_to_int8(const float* x, size_t n, uint8_t exponent, bfp16::Rounding, int8_t* out);

/// INT32 → BFP16 → f32: a row of sums (n a multiple of 8) times a_unit · b_units[j], plus bias[j] where there
/// is one, rounded to blocks. `accumulate` adds it to `out`, else it is stored there. False where a value is
/// not finite or too large. The units are mantissa_unit's.
bool int32_to_row(const int32_t* sums, size_t n, float a_unit, const float* b_units, const float* bias,
                  bfp16::Rounding, bool accumulate, float* out);

}  // namespace npuscribe::simd
