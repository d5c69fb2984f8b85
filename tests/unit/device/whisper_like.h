#pragma once
// Matrices with the properties that make Whisper's hard to quantise: a few channels far larger than the rest,
// tails longer than a normal distribution's, and magnitudes that differ from row to row. Also reference
// products in double precision.

#include <cmath>
#include <random>
#include <vector>

namespace npuscribe::test {

using Values = std::vector<float>;

inline Values whisper_like(size_t rows, size_t cols, unsigned seed, float scale, float outlier) {
    std::mt19937 random(seed);
    std::student_t_distribution<float> tailed(6);
    std::lognormal_distribution<float> magnitude(0, 0.4F);
    std::vector<float> channel(cols), values(rows * cols);
    for (float& value : channel) value = random() % 64 == 0 ? outlier : magnitude(random);
    for (size_t r = 0; r < rows; ++r) {
        const float row = scale * magnitude(random);
        for (size_t c = 0; c < cols; ++c) values[r * cols + c] = row * channel[c] * tailed(random);
    }
    return values;
}

inline Values activations(size_t rows, size_t cols) {
    return whisper_like(rows, cols, 21, 1, 4);
}
inline Values weights(size_t rows, size_t cols) {
    return whisper_like(rows, cols, 22, 0.05F, 1);
}
inline Values biases(size_t count) {
    return whisper_like(1, count, 23, 0.5F, 1);
}

/// x [m × k] · wᵀ [k × n] + b.
inline std::vector<double> in_double(const Values& x, const Values& w, const Values& b, size_t m, size_t k,
                                     size_t n) {
    std::vector<double> y(m * n);
    for (size_t i = 0; i < m; ++i) {
        for (size_t j = 0; j < n; ++j) {
            double sum = b[j];
            for (size_t l = 0; l < k; ++l) sum += static_cast<double>(x[i * k + l]) * w[j * k + l];
            y[i * n + j] = sum;
        }
    }
    return y;
}

/// ‖y − expected‖ / ‖expected‖.
inline double relative_l2(const Values& y, const std::vector<double>& expected) {
    double error = 0, norm = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        error += std::pow(y[i] - expected[i], 2);
        norm += expected[i] * expected[i];
    }
    return std::sqrt(error / norm);
}

}  // namespace npuscribe::test
