#pragma once
// One pass over a matrix on its way into a matmul: layer norm or GELU, then rounding to the operand's
// numerics.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::simd {

/// What a value is rounded to.
enum class Numerics {
    bfp16,  // blocks of 8 along the row
    bf16,   // round to nearest even
    f32,    // as it is
};

/// What happens before rounding.
enum class RowOperation { none, layer_norm, gelu };

struct RowPreparation {
    RowOperation operation = RowOperation::none;
    const float* norm_weight = nullptr;  // layer_norm: one a column
    const float* norm_bias = nullptr;
    Numerics numerics = Numerics::bfp16;
    bfp16::Rounding rounding = bfp16::Rounding::nearest_even;  // of bfp16
};

/// `x` [m × k] to bfloat16 bits, `out` [m × k]. k must be a multiple of 8. BFP16 values are exact in
/// bfloat16. Returns the first row in which a value was Inf, NaN or, for bfp16, 2^111 or more in magnitude
/// (its output is not meaningful), or nothing.
std::optional<size_t> prepare_bf16(MatrixView<const float> x, const RowPreparation&,
                                   MatrixView<uint16_t> out);

/// The same decoded values, kept in f32.
std::optional<size_t> prepare_f32(MatrixView<const float> x, const RowPreparation&, MatrixView<float> out);

/// Layer norm alone (epsilon 1e-5, biased variance, as in Whisper). `out` may be `x`.
void layer_norm(MatrixView<const float> x, const float* weight, const float* bias, MatrixView<float> out);

/// x·½·(1 + erf(x/√2)) in place; absolute error below 2e-6.
void gelu(MatrixView<float> x);

}  // namespace npuscribe::simd
