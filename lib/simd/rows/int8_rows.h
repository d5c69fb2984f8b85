#pragma once
// INT8 conversions (bfp16/int8.h) of one row, in vector code, without blocks in between: they are rounded in
// registers. The INT8 devices run these around their matmuls. int8_convert.h gives the same numbers as
// blocks.

#include <cstddef>
#include <cstdint>

#include "bfp16/block.h"

namespace npuscribe::simd {

/// Finds the largest block exponent of `n` values: that of the largest magnitude. False if a value is Inf,
/// NaN or of bfp16::kMagnitudeLimit or more.
bool row_exponent(const float* x, size_t n, uint8_t& exponent);

/// f32 → BFP16 → INT8: rounds n values (a multiple of 8) to blocks and aligns these to `exponent`, which must
/// not be below any block's.
void row_to_int8(const float* x, size_t n, uint8_t exponent, bfp16::Rounding, int8_t* out);

/// A row of sums of INT8 products, and what turns them into numbers: sums[j] · unit · column_units[j] +
/// bias[j].
struct Int32Row {
    const int32_t* sums = nullptr;
    size_t n = 0;                         // a multiple of 8
    float unit = 0;                       // bfp16::mantissa_unit of the left operand's exponent
    const float* column_units = nullptr;  // bfp16::mantissa_unit of the weights' exponents
    const float* bias = nullptr;          // one a column; null: none
};

/// INT32 → BFP16 → f32: rounds the row's numbers to blocks and stores them in `out` or, with `accumulate`,
/// adds them to it. False if a number is Inf, NaN or of bfp16::kMagnitudeLimit or more.
bool int32_to_row(const Int32Row& row, bfp16::Rounding, bool accumulate, float* out);

}  // namespace npuscribe::simd
