#pragma once
// The npu device on the double, and reference products to compare its results with.

#include <dlfcn.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bfp16/block.h"
#include "catch.h"
#include "device/npu/npu_device.h"

namespace npuscribe::test {

/// One of the double's counters in this process.
inline uint64_t counted(const char* name) {
    using Counter = uint64_t (*)(const char*);
    static const auto counter =
        reinterpret_cast<Counter>(dlsym(RTLD_DEFAULT, "npuscribe_xrt_double_counter"));
    return counter == nullptr ? 0 : counter(name);
}

/// Row-major, with values of many magnitudes, so that blocks differ in their exponents.
struct Matrix {
    size_t rows, cols;
    std::vector<float> values;

    Matrix(size_t rows_, size_t cols_) : rows(rows_), cols(cols_), values(rows_ * cols_) {}
    static Matrix random(size_t rows, size_t cols, unsigned seed) {
        Matrix matrix(rows, cols);
        std::mt19937 generator(seed);
        std::normal_distribution<float> normal;
        std::uniform_int_distribution<int> exponent(-6, 3);
        for (float& value : matrix.values) value = std::ldexp(normal(generator), exponent(generator));
        return matrix;
    }
    MatrixView<const float> view() const { return {values.data(), rows, cols}; }
    MatrixView<float> view() { return {values.data(), rows, cols}; }
    float operator()(size_t r, size_t c) const { return values[r * cols + c]; }

    /// These values, rounded to BFP16.
    Matrix rounded() const {
        Matrix result(rows, cols);
        bfp16::dequantise(bfp16::quantise(view(), bfp16::Rounding::nearest_even), result.view());
        return result;
    }
};

inline double gelu(double x) {
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
}

/// x·Wᵀ + b of the rounded operands in double precision.
inline Matrix product(const Matrix& x, const Matrix& w, const std::vector<float>& bias) {
    const Matrix rx = x.rounded(), rw = w.rounded();
    Matrix y(x.rows, w.rows);
    for (size_t r = 0; r < x.rows; ++r) {
        for (size_t c = 0; c < w.rows; ++c) {
            double sum = bias.empty() ? 0.0 : bias[c];
            for (size_t i = 0; i < x.cols; ++i) sum += static_cast<double>(rx(r, i)) * rw(c, i);
            y.values[r * y.cols + c] = static_cast<float>(sum);
        }
    }
    return y;
}

inline double relative_l2(const Matrix& y, const Matrix& expected) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < y.values.size(); ++i) {
        difference += std::pow(static_cast<double>(y.values[i]) - expected.values[i], 2);
        size += std::pow(static_cast<double>(expected.values[i]), 2);
    }
    return std::sqrt(difference / size);
}

inline std::vector<float> random_bias(size_t n, unsigned seed) {
    return Matrix::random(1, n, seed).values;
}

/// A device with a pool of its own.
struct Npu {
    ThreadPool pool{2};
    std::unique_ptr<Device> device = make_npu_device({}, pool);

    std::unique_ptr<Linear> load(const Matrix& w, const std::vector<float>& bias,
                                 const std::string& name = "layer") {
        return device->load({w.view(), bias, name});
    }
    std::unique_ptr<Operand> operand(const Matrix& x) {
        auto operand = device->make_operand(x.rows, x.cols);
        device->prepare(x.view(), nullptr, *operand);
        return operand;
    }
};

}  // namespace npuscribe::test
