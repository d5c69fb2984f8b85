#pragma once
// What the kernels of block_matmul.h do alike. Private to lib/simd.

#include <functional>

#include "simd/matmul/block_matmul.h"

namespace npuscribe::simd {

/// Rounds a row to blocks at `to`, and widens `range`. Returns false if it has a value that is too large.
using QuantiseRow = bool (*)(const float* x, size_t cols, uint8_t* to, ExponentRange& range);

/// quantise_block_operand, a row at a time. `place(r)`: where row `r` of x begins in the operand.
std::optional<size_t> quantise_rows(QuantiseRow quantise, MatrixView<const float> x,
                                    const std::function<uint8_t*(size_t)>& place, ExponentRange& range);

}  // namespace npuscribe::simd
