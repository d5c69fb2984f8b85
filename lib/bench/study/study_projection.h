#pragma once
// The study's figures (bench/study/study_figures.h) as estimates for other sizes, and what follows from its
// tracks' formats. Track 1 and Track 2 are explained there.

#include <vector>

#include "bench/estimates.h"
#include "bench/projection.h"

namespace npuscribe::bench::study {

inline constexpr double kBfp16Bytes = 9.0 / 8;  // a value

/// Bytes that Track 2 moves if all six matmuls have their true sizes: each takes its own activations and
/// gives its results in BFP16.
Traffic track2_traffic(const Shape&);
/// The same of Track 1: INT8 in, INT32 out.
Traffic track1_traffic(const Shape&);

/// Its estimates for these layers on one window, scaled as it scales them.
std::vector<Estimate> estimates(const Shape&);

/// Its batches. It has them for base at 512 frames only: none for any other shape.
std::vector<BatchEstimate> batch_estimates(const Shape&);

/// The alternatives that it names and its own tracks, then `ours`, all of base's layers at 512 frames.
Table alternatives(const std::vector<Estimate>& ours);

}  // namespace npuscribe::bench::study
