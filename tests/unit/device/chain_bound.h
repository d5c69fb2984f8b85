#pragma once
// How far two devices may be apart in FC1, GELU and FC2: the bound that Device::chain (device/device.h)
// derives, for the sums of a certain product and for certain weights.

#include <algorithm>
#include <cmath>

#include "base/eigen.h"
#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::test {

/// A core's GELU is within this of the erf form, and within this part of t·Φ(−t), t = |x|, up to t = 5; from
/// there on t·Φ(−t) itself is smaller than what is added for f32 (kernels/aie2p/gelu.h, tests/kernels).
inline double gelu_error(double x) {
    const double t = std::fabs(x), tail = t / 2 * std::erfc(t / std::sqrt(2.0));
    return std::min(6.7e-4, t <= 5 ? 0.013 * tail : tail);
}

/// At least the spectral norm of `w`: (trace (W·Wᵀ)^8)^(1/16).
inline double spectral_norm(const EigenMatrix<double>& w) {
    EigenMatrix<double> power = w * w.transpose();
    const double scale = power.norm();
    power /= scale;
    for (int squared = 0; squared < 3; ++squared) power = (power * power).eval();
    return std::sqrt(scale * std::pow(power.trace(), 1.0 / 8));
}

/// The bound on ‖y − y'‖ (Frobenius). `sums` [m × wide]: FC1's, before GELU. `second` [n × wide]: FC2's
/// weights.
inline double chain_bound(MatrixView<const float> sums, MatrixView<const float> second) {
    constexpr size_t kBlock = bfp16::kBlockSize;
    const EigenMatrix<double> w = as_eigen(second).template cast<double>();
    double shared = 0, flips = 0;
    for (size_t r = 0; r < sums.rows; ++r) {
        double largest_sum = 0;
        for (size_t c = 0; c < sums.cols; ++c)
            largest_sum = std::max(largest_sum, std::fabs(double{sums(r, c)}));
        for (size_t first = 0; first < sums.cols; first += kBlock) {
            const size_t end = std::min(sums.cols, first + kBlock);
            double largest = 0, farthest = 0;
            for (size_t c = first; c < end; ++c) {
                const double x = sums(r, c);
                largest = std::max(largest, std::fabs(x / 2 * std::erfc(-x / std::sqrt(2.0))));
                farthest = std::max(farthest, gelu_error(x) + 1e-6 * largest_sum);
            }
            const int exponent = std::ilogb(largest + farthest);
            const double step = std::ldexp(1.0, exponent - 6);
            const bool either = largest <= farthest || std::ilogb(largest - farthest) != exponent;
            for (size_t c = first; c < end; ++c) {
                const double error = gelu_error(sums(r, c)) + 1e-6 * largest_sum;
                shared += error * error;
                flips += (either ? step : std::min(error, step / 4)) * step *
                         w.col(static_cast<Eigen::Index>(c)).squaredNorm();
            }
        }
    }
    return 1.01 * (spectral_norm(w) * std::sqrt(shared) + 4 * std::sqrt(flips));
}

}  // namespace npuscribe::test
