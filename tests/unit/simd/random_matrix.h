#pragma once
// Random operands; the rounding that the definitions ask for, written out; and products in double precision.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "base/eigen.h"
#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::test {

struct Matrix {
    Matrix(size_t rows_, size_t cols_) : rows(rows_), cols(cols_), values(rows_ * cols_) {}
    MatrixView<float> view() { return {values.data(), rows, cols}; }
    MatrixView<const float> view() const { return {values.data(), rows, cols}; }
    float& operator()(size_t r, size_t c) { return values[r * cols + c]; }
    float operator()(size_t r, size_t c) const { return values[r * cols + c]; }
    size_t rows, cols;
    std::vector<float> values;
};

inline Matrix random_matrix(size_t rows, size_t cols, unsigned seed, float scale = 1.0F) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, scale);
    Matrix result(rows, cols);
    for (auto& value : result.values) value = normal(random);
    return result;
}

/// IEEE round to nearest even at bfloat16's 8 significant bits, by arithmetic on the value.
inline float to_bf16(float value) {
    if (value == 0.0F) return value;
    int exponent = 0;
    const float fraction = std::frexp(value, &exponent);  // in [½, 1)
    return std::ldexp(std::nearbyint(fraction * 256.0F), exponent - 8);
}

/// The values that the blocks of the format's reference hold.
inline Matrix to_blocks(const Matrix& values, bfp16::Rounding rounding) {
    Matrix result(values.rows, values.cols);
    bfp16::dequantise(bfp16::quantise(values.view(), rounding), result.view());
    return result;
}

inline EigenMatrix<double> in_double(const Matrix& values) {
    return as_eigen(values.view()).cast<double>();
}

/// x·Wᵀ in double precision.
inline EigenMatrix<double> product(const Matrix& x, const Matrix& w) {
    return in_double(x) * in_double(w).transpose();
}

/// ‖y − expected‖ / ‖expected‖.
inline double error_of(const Matrix& y, const EigenMatrix<double>& expected) {
    return (in_double(y) - expected).norm() / expected.norm();
}

}  // namespace npuscribe::test
