#include "bench/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace npuscribe::bench {

double percentile(const std::vector<double>& sorted, double percent) {
    assert(!sorted.empty());
    const double at = percent / 100 * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(at);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    const double part = at - static_cast<double>(below);
    return sorted[below] + part * (sorted[above] - sorted[below]);
}

Summary summarise(std::vector<double> values) {
    assert(!values.empty());
    std::sort(values.begin(), values.end());
    Summary summary;
    summary.count = values.size();
    summary.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    summary.min = values.front();
    summary.max = values.back();
    summary.p50 = percentile(values, 50);
    summary.p95 = percentile(values, 95);
    summary.p99 = percentile(values, 99);
    return summary;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return percentile(values, 50);
}

Distance distance(MatrixView<const float> reference, MatrixView<const float> y) {
    assert(reference.rows == y.rows && reference.cols == y.cols);
    double product = 0, reference_squared = 0, y_squared = 0;
    Distance result;
    std::vector<double> rows;
    rows.reserve(y.rows);
    for (size_t r = 0; r < y.rows; ++r) {
        double row_difference = 0, row_reference = 0;
        for (size_t c = 0; c < y.cols; ++c) {
            const double a = reference(r, c);
            const double b = y(r, c);
            product += a * b;
            y_squared += b * b;
            row_reference += a * a;
            row_difference += (b - a) * (b - a);
        }
        reference_squared += row_reference;
        result.difference_squared += row_difference;
        rows.push_back(row_reference > 0 ? std::sqrt(row_difference / row_reference) : 0.0);
    }
    result.cosine = product / std::sqrt(reference_squared * y_squared);
    result.relative_l2 = std::sqrt(result.difference_squared / reference_squared);
    result.median_row_l2 = median(std::move(rows));
    return result;
}

}  // namespace npuscribe::bench
