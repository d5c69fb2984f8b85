#pragma once
// Statistics of many runs, and the distance of two matrices.

#include <cstddef>
#include <vector>

#include "base/matrix_view.h"

namespace npuscribe::bench {

/// The value below which `percent` of the sorted values lie, with linear interpolation between neighbours as
/// in numpy's `percentile`, for which the study's limits were written. `sorted` is ascending and not empty.
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

/// How far `y` is from `reference`, which has the same shape, over all values.
struct Distance {
    double cosine = 0;
    double relative_l2 = 0;         // |y − reference| / |reference|
    double median_row_l2 = 0;       // the median of the same for each row
    double difference_squared = 0;  // |y − reference|²
};
Distance distance(MatrixView<const float> reference, MatrixView<const float> y);

}  // namespace npuscribe::bench
