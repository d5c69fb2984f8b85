#pragma once
// What many runs amount to, and how far two matrices are apart.

#include <cstddef>
#include <vector>

#include "base/matrix_view.h"

namespace npuscribe::bench {

/// The value below which `percent` of the sorted values lie, interpolated linearly between neighbours as
/// numpy's `percentile` does: it is what the study's limits were written for. `sorted` is ascending and not
/// empty.
double percentile(const std::vector<double>& sorted, double percent);

struct Summary {
    size_t count = 0;
    double mean = 0, min = 0, max = 0;
    double p50 = 0, p95 = 0, p99 = 0;
};
/// `values` must not be empty.
Summary summarise(std::vector<double> values);

/// The median; `values` must not be empty.
double median(std::vector<double> values);

/// How far `y` is from `reference`, over all values of both matrices, which have one shape.
struct Distance {
    double cosine = 0;
    double relative_l2 = 0;         // |y − reference| / |reference|
    double median_row_l2 = 0;       // the same of the row in the middle
    double difference_squared = 0;  // |y − reference|²
};
Distance distance(MatrixView<const float> reference, MatrixView<const float> y);

}  // namespace npuscribe::bench
