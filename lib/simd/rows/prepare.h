#pragma once
// Prepares a matmul's left operand in one pass: layer norm or GELU, then rounding to the operand's numerics.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::simd {

/// What values are rounded to.
enum class Numerics {
    bfp16,  // blocks of 8 along the row
    bf16,   // round to nearest even
    f32,    // not rounded
};

/// What is computed before rounding.
enum class RowOperation { none, layer_norm, gelu };

struct RowPreparation {
    RowOperation operation = RowOperation::none;
    const float* norm_weight = nullptr;  // layer_norm: one a column
    const float* norm_bias = nullptr;
    Numerics numerics = Numerics::bfp16;
    bfp16::Rounding rounding = bfp16::Rounding::nearest_even;  // for bfp16
};

/// Prepares `x` [m × k] as bfloat16 bits, `out` [m × k]. k must be a multiple of 8. BFP16 values are exact in
/// bfloat16. Returns the first row in which a value was Inf, NaN or, for bfp16, of bfp16::kMagnitudeLimit or
/// more (its output is not meaningful), or nothing.
std::optional<size_t> prepare_bf16(MatrixView<const float> x, const RowPreparation&,
                                   MatrixView<uint16_t> out);

/// The same values in f32.
std::optional<size_t> prepare_f32(MatrixView<const float> x, const RowPreparation&, MatrixView<float> out);

/// Layer norm alone (epsilon 1e-5, biased variance, as in Whisper). `out` may be `x`.
void layer_norm(MatrixView<const float> x, const float* weight, const float* bias, MatrixView<float> out);

/// x·½·(1 + erf(x/√2)) in place; absolute error below 2e-6.
void gelu(MatrixView<float> x);

}  // namespace npuscribe::simd
