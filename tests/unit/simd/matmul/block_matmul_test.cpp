#include "simd/matmul/block_matmul.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "bfp16/block.h"
#include "catch.h"
#include "needs.h"
#include "simd/isa.h"
#include "unit/simd/random_matrix.h"

using namespace npuscribe;
using namespace npuscribe::test;
using bfp16::Rounding;

namespace {

/// The values that the blocks of the plain statement of the format hold.
Matrix rounded(const Matrix& values, Rounding rounding) {
    Matrix result(values.rows, values.cols);
    bfp16::dequantise(bfp16::quantise(values.view(), rounding), result.view());
    return result;
}

struct Left {
    Left(const Matrix& x, Rounding rounding) : bytes(simd::block_operand_bytes(x.rows, x.cols)) {
        REQUIRE_FALSE(
            simd::quantise_block_operand(x.view(), rounding, bytes.data(), x.cols, 0, 0, exponents));
    }
    std::vector<uint8_t> bytes;
    simd::ExponentRange exponents;
};

struct Right {
    explicit Right(const Matrix& w) : bytes(bfp16::panel_bytes(w.rows, w.cols)) {
        const auto blocks = bfp16::quantise(w.view(), Rounding::nearest_even);
        bfp16::pack_panels(blocks.data(), w.cols, 0, w.rows, bytes.data());
        bfp16::pad_last_panel(w.rows, w.cols, bytes.data());
        exponents = bfp16::exponents_of(bytes.data(), w.cols, 0, bfp16::panels(w.rows));
    }
    std::vector<uint8_t> bytes;
    simd::ExponentRange exponents;
};

/// x·Wᵀ into y, in two parts where it is wide enough.
void multiply(const Left& left, const Right& right, size_t k, MatrixView<float> y, bool scales_add,
              const float* bias = nullptr, bool accumulate = false) {
    const size_t part = y.cols > 2 * simd::kLaneBlock ? 2 * simd::kLaneBlock : y.cols;
    for (const auto& [first, cols] : {std::pair<size_t, size_t>{0, part}, {part, y.cols - part}}) {
        simd::multiply_blocks(
            left.bytes.data(), right.bytes.data(), k, 0, first / simd::kLaneBlock, scales_add,
            {y.cols_from(first, cols), bias != nullptr ? bias + first : nullptr, accumulate});
    }
}

double sum_of_products(const Matrix& x, const Matrix& w, size_t row, size_t column) {
    double sum = 0;
    for (size_t i = 0; i < x.cols; ++i) sum += double{x(row, i)} * w(column, i);
    return sum;
}

/// ‖y − x·Wᵀ‖ / ‖x·Wᵀ‖, in double precision.
double error_of(const Matrix& y, const Matrix& x, const Matrix& w) {
    double error = 0, norm = 0;
    for (size_t r = 0; r < y.rows; ++r) {
        for (size_t c = 0; c < y.cols; ++c) {
            const double expected = sum_of_products(x, w, r, c);
            error += std::pow(y(r, c) - expected, 2);
            norm += expected * expected;
        }
    }
    return std::sqrt(error / norm);
}

}  // namespace

TEST_CASE("blocks of integers give the product of what the blocks hold", "[needs-avx512-vnni]") {
    need_vnni(simd::has_vnni());
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const auto [m, k, n] = GENERATE(table<size_t, size_t, size_t>(
        {{1, 8, 1}, {4, 16, 64}, {5, 24, 65}, {7, 512, 200}, {64, 64, 128}, {3, 2048, 17}}));
    const auto x = random_matrix(m, k, 1), w = random_matrix(n, k, 2, 0.05F);
    const Left left(x, rounding);
    const Right right(w);
    Matrix y(m, n);
    REQUIRE(simd::block_scales_add(left.exponents, right.exponents));
    multiply(left, right, k, y.view(), true);
    // DESIGN.md's gate for a matmul on identical quantised operands.
    CHECK(error_of(y, rounded(x, rounding), rounded(w, Rounding::nearest_even)) < 1e-6);

    // Scales that are multiplied are the same scales.
    Matrix again(m, n);
    multiply(left, right, k, again.view(), false);
    CHECK(again.values == y.values);
}

TEST_CASE("a bias is added, and what is there where that is wanted; nothing else is touched",
          "[needs-avx512-vnni]") {
    need_vnni(simd::has_vnni());
    const size_t m = 6, k = 32, n = 70, stride = 80;
    const auto x = random_matrix(m, k, 3), w = random_matrix(n, k, 4), bias = random_matrix(1, n, 5);
    const Left left(x, Rounding::nearest_even);
    const Right right(w);
    Matrix plain(m, n), all(m, stride);
    for (float& value : all.values) value = 10;
    multiply(left, right, k, plain.view(), true);
    multiply(left, right, k, all.view().cols_from(0, n), true, bias.values.data(), true);
    for (size_t r = 0; r < m; ++r) {
        for (size_t c = 0; c < n; ++c)
            CHECK(all(r, c) == test::Approx(plain(r, c) + bias(0, c) + 10).margin(1e-5));
        for (size_t c = n; c < stride; ++c) CHECK(all(r, c) == 10.0F);
    }
}

TEST_CASE("exponents at the ends of their range, and blocks of zeros, are multiplied as they are",
          "[needs-avx512-vnni]") {
    need_vnni(simd::has_vnni());
    const auto [x_scale, w_scale] =
        GENERATE(table<int, int>({{60, -100}, {-100, 60}, {100, -110}, {-60, -60}, {30, 30}, {-120, 20}}));
    const size_t m = 4, k = 64, n = 64;
    auto x = random_matrix(m, k, 6), w = random_matrix(n, k, 7);
    for (float& value : x.values) value = std::ldexp(value, x_scale);
    for (float& value : w.values) value = std::ldexp(value, w_scale);
    for (size_t i = 8; i < 16; ++i) x(1, i) = w(2, i) = 0;  // a block of zeros in each
    for (size_t i = 0; i < k; ++i) x(3, i) = w(3, i) = 0;   // and a row
    const Left left(x, Rounding::nearest_even);
    const Right right(w);
    Matrix y(m, n);
    multiply(left, right, k, y.view(), simd::block_scales_add(left.exponents, right.exponents));
    CHECK(error_of(y, rounded(x, Rounding::nearest_even), rounded(w, Rounding::nearest_even)) < 1e-6);
    for (size_t i = 0; i < n; ++i) CHECK(y(3, i) == 0.0F);
}

TEST_CASE("what is too large for fp32 is infinite, not wrong", "[needs-avx512-vnni]") {
    need_vnni(simd::has_vnni());
    Matrix x(1, 8), w(1, 8);
    x(0, 0) = 0x1p100F;
    w(0, 0) = 0x1p100F;
    w(0, 1) = 0x1p99F;
    const Left left(x, Rounding::nearest_even);
    const Right right(w);
    CHECK_FALSE(simd::block_scales_add(left.exponents, right.exponents));
    Matrix y(1, 1);
    multiply(left, right, 8, y.view(), false);
    CHECK(y(0, 0) == std::numeric_limits<float>::infinity());
}

TEST_CASE("an operand is filled piece by piece, and tells the first row that it cannot hold",
          "[needs-avx512-vnni]") {
    need_vnni(simd::has_vnni());
    const size_t m = 9, k = 48;
    auto x = random_matrix(m, k, 8);
    const Left whole(x, Rounding::nearest_even);
    std::vector<uint8_t> pieces(whole.bytes.size());
    simd::ExponentRange range;
    for (const auto& [row, rows] : {std::pair<size_t, size_t>{0, 8}, {8, 1}}) {
        for (const auto& [col, cols] : {std::pair<size_t, size_t>{0, 8}, {8, 40}}) {
            const auto piece = x.view().rows_from(row, rows).cols_from(col, cols);
            CHECK_FALSE(simd::quantise_block_operand(piece, Rounding::nearest_even, pieces.data(), k, row,
                                                     col, range));
        }
    }
    CHECK(pieces == whole.bytes);
    CHECK(range.lowest == whole.exponents.lowest);
    CHECK(range.highest == whole.exponents.highest);

    x(5, 17) = GENERATE(std::numeric_limits<float>::infinity(), std::nanf(""), 0x1p111F, -0x1p127F);
    x(7, 1) = x(5, 17);
    CHECK(simd::quantise_block_operand(x.view(), Rounding::nearest_even, pieces.data(), k, 0, 0, range) ==
          5U);
}
