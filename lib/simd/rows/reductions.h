#pragma once
// Reductions over one long row: the logits of a vocabulary.

#include <span>

namespace npuscribe::simd {

/// The largest value; −infinity for an empty row. NaNs are ignored.
float row_max(std::span<const float> values);

/// Σ exp((x − max) · scale), with scale > 0 and `max` at least the largest x. Values whose exponential is
/// below 1e-38 count as 0. Relative error below 1e-5; NaN if the row holds one.
double row_sum_exp(std::span<const float> values, float max, float scale);

}  // namespace npuscribe::simd
