#include "bench/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "base/eigen.h"

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
    const auto a = as_eigen(reference).cast<double>();
    const auto b = as_eigen(y).cast<double>();
    const Eigen::ArrayXd differences = (b - a).rowwise().squaredNorm();
    const Eigen::ArrayXd references = a.rowwise().squaredNorm();
    Distance result;
    result.difference_squared = differences.sum();
    result.cosine = a.cwiseProduct(b).sum() / std::sqrt(references.sum() * b.squaredNorm());
    result.relative_l2 = std::sqrt(result.difference_squared / references.sum());
    const Eigen::ArrayXd rows = (references > 0).select((differences / references).sqrt(), 0.0);
    result.median_row_l2 = median({rows.begin(), rows.end()});
    return result;
}

}  // namespace npuscribe::bench
