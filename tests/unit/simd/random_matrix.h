#pragma once
// Random operands, and the rounding that the definitions ask for, written out plainly.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "base/matrix_view.h"

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

}  // namespace npuscribe::test
