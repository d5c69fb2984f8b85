#pragma once
// Arithmetic over one row of n_vocab logits, which every sampled token pays for.

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace npuscribe::row {

inline constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// The largest value; −infinity for an empty row. NaNs are ignored.
float max(std::span<const float> values);

/// Index of the first value equal to `value`; `values.size()` if there is none.
size_t index_of(std::span<const float> values, float value);

/// Σ exp((x − max) · scale), with scale > 0 and `max` at least the largest x. Relative error below 1e-5; NaN
/// if the row holds one.
double sum_exp(std::span<const float> values, float max, float scale = 1.0F);

/// log Σ exp(x); −infinity for an empty row.
double log_sum_exp(std::span<const float> values);

/// One entry of `top_k`.
struct Ranked {
    size_t index = 0;
    float value = 0;
};

/// Puts the `k` largest values into `best`, which may already hold the best of another part of the row.
/// Larger values come first, and among equals the lower index. `first` is added to each index. −infinity
/// never enters.
void top_k(std::span<const float> values, size_t first, size_t k, std::vector<Ranked>& best);

/// The index at which Σ exp((x − max) · scale), summed from the left, exceeds `target`: a sample, if the
/// target is uniform in [0, sum). Never an index whose value is −infinity; `values.size()` if the row has no
/// other.
size_t index_at(std::span<const float> values, float max, float scale, double target);

}  // namespace npuscribe::row
