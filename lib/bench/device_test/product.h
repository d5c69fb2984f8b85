#pragma once
// The products that the test of a device computes, with what each must give.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/matrix_view.h"
#include "bench/random.h"
#include "device/device.h"

namespace npuscribe::device_test {

/// Row-major.
struct Matrix {
    size_t rows = 0, cols = 0;
    std::vector<float> values;

    Matrix() = default;
    Matrix(size_t rows_, size_t cols_) : rows(rows_), cols(cols_), values(rows_ * cols_) {}
    MatrixView<float> view() { return {values.data(), rows, cols}; }
    MatrixView<const float> view() const { return {values.data(), rows, cols}; }
    float operator()(size_t r, size_t c) const { return values[r * cols + c]; }
};

using bench::Random;

enum class Data {
    /// BFP16 blocks with such mantissas that every partial sum, in whatever order, is a whole number of units
    /// below 2^24. So f32 holds it exactly, however an accumulator rounds, and every correct device gives the
    /// same bits.
    exact,
    /// Values of many magnitudes, as in a model. Their sums round, so that devices differ by the order of
    /// their additions and by how they round.
    natural,
};
std::string_view name(Data);

/// y = x·Wᵀ + b with generated operands.
struct Product {
    Data data = Data::exact;
    uint64_t seed = 0;
    Sums sums = Sums::f32;    // what leaves the device
    Matrix x;                 // [m × k]
    Matrix w;                 // [n × k]
    std::vector<float> bias;  // n
    Matrix expected;          // [m × n]
    /// How far each value may be from the expected one. Empty: not at all.
    Matrix allowed;

    size_t m() const { return x.rows; }
    size_t k() const { return x.cols; }
    size_t n() const { return w.rows; }
    /// "256 x 384 by 384 x 1536", and ", to bf16" if the sums are rounded
    std::string describe() const;
};

/// The operands depend on `data`, the sizes and `seed` alone. `cpu` multiplies in BFP16 on the CPU. For
/// natural data, a device whose accumulators are f32 and round in any direction is within
///     (γ(k + 1, 2^-23) + γ(k + 1, 2^-24)) · (Σ |x·w| + |b|)
/// of `cpu`, where γ(n, u) = n·u / (1 − n·u) (Higham, Accuracy and Stability of Numerical Algorithms, section
/// 3.1): that is `allowed`.
Product make_product(Data data, size_t m, size_t k, size_t n, uint64_t seed, Device& cpu);

/// The same product with another left operand, which must be of the same k and kind of data.
void give_operand(Product& product, const Matrix& x, Device& cpu);

/// The same product of exact data, whose result the device rounds to bfloat16, to nearest even.
Product rounded_to_bf16(Product product);

/// Values of many magnitudes, around 1.
Matrix natural_matrix(size_t rows, size_t cols, uint64_t seed);

/// What `device` gives for the product.
Matrix multiply(Device& device, const Product& product);

}  // namespace npuscribe::device_test
