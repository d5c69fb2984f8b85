#include "simd/matmul/block_matmul.h"

#include <algorithm>
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

struct Left {
    Left(const Matrix& x, Rounding rounding) : bytes(simd::block_operand_bytes(x.rows, x.cols)) {
        REQUIRE_FALSE(simd::quantise_block_operand(x.view(), rounding, {bytes.data(), x.cols}, exponents));
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

simd::BlockOperands operands(const Left& left, const Right& right, size_t k) {
    return {left.bytes.data(), right.bytes.data(), k,
            simd::block_scales_add(left.exponents, right.exponents)};
}

/// Multiplies in two parts if y is wide enough.
void multiply(const simd::BlockOperands& in, const simd::MatmulOutput& out) {
    const size_t part = std::min(out.y.cols, 2 * simd::kLaneBlock);
    for (const auto& [first, cols] : {std::pair<size_t, size_t>{0, part}, {part, out.y.cols - part}}) {
        simd::multiply_blocks(
            in, 0, first / simd::kLaneBlock,
            {out.y.cols_from(first, cols), out.bias != nullptr ? out.bias + first : nullptr, out.accumulate});
    }
}

}  // namespace

TEST_CASE("blocks of integers give the product of what the blocks hold", "[needs-vnni]") {
    need_vnni(simd::can_multiply_blocks());
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const auto [m, k, n] = GENERATE(table<size_t, size_t, size_t>(
        {{1, 8, 1}, {4, 16, 64}, {5, 24, 65}, {7, 512, 200}, {64, 64, 128}, {3, 2048, 17}}));
    const auto x = random_matrix(m, k, 1), w = random_matrix(n, k, 2, 0.05F);
    const Left left(x, rounding);
    const Right right(w);
    Matrix y(m, n);
    auto in = operands(left, right, k);
    REQUIRE(in.scales_add);
    multiply(in, {y.view()});
    // What fp32 sums of identical rounded operands may differ by.
    CHECK(error_of(y, product(to_blocks(x, rounding), to_blocks(w, Rounding::nearest_even))) < 1e-6);

    // Multiplying the scales gives the same as adding their bits.
    Matrix again(m, n);
    in.scales_add = false;
    multiply(in, {again.view()});
    CHECK(again.values == y.values);
}

TEST_CASE("a bias is added and, if asked for, the old value; other columns are not touched", "[needs-vnni]") {
    need_vnni(simd::can_multiply_blocks());
    const size_t m = 6, k = 32, n = 70, stride = 80;
    const auto x = random_matrix(m, k, 3), w = random_matrix(n, k, 4), bias = random_matrix(1, n, 5);
    const Left left(x, Rounding::nearest_even);
    const Right right(w);
    Matrix plain(m, n), all(m, stride);
    for (float& value : all.values) value = 10;
    multiply(operands(left, right, k), {plain.view()});
    multiply(operands(left, right, k), {all.view().cols_from(0, n), bias.values.data(), true});
    for (size_t r = 0; r < m; ++r) {
        for (size_t c = 0; c < n; ++c)
            CHECK(all(r, c) == test::Approx(plain(r, c) + bias(0, c) + 10).margin(1e-5));
        for (size_t c = n; c < stride; ++c) CHECK(all(r, c) == 10.0F);
    }
}

TEST_CASE("exponents at the ends of their range, and blocks of zeros, give the product, too",
          "[needs-vnni]") {
    need_vnni(simd::can_multiply_blocks());
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
    multiply(operands(left, right, k), {y.view()});
    const auto expected = product(to_blocks(x, Rounding::nearest_even), to_blocks(w, Rounding::nearest_even));
    CHECK(error_of(y, expected) < 1e-6);
    for (size_t i = 0; i < n; ++i) CHECK(y(3, i) == 0.0F);
}

TEST_CASE("a sum too large for fp32 becomes infinite", "[needs-vnni]") {
    need_vnni(simd::can_multiply_blocks());
    Matrix x(1, 8), w(1, 8);
    x(0, 0) = 0x1p100F;
    w(0, 0) = 0x1p100F;
    w(0, 1) = 0x1p99F;
    const Left left(x, Rounding::nearest_even);
    const Right right(w);
    const auto in = operands(left, right, 8);
    CHECK_FALSE(in.scales_add);
    Matrix y(1, 1);
    multiply(in, {y.view()});
    CHECK(y(0, 0) == std::numeric_limits<float>::infinity());
}

TEST_CASE("an operand is filled piece by piece, and reports the first row that it cannot hold",
          "[needs-vnni]") {
    need_vnni(simd::can_multiply_blocks());
    const size_t m = 9, k = 48;
    auto x = random_matrix(m, k, 8);
    const Left whole(x, Rounding::nearest_even);
    std::vector<uint8_t> pieces(whole.bytes.size());
    simd::ExponentRange range;
    for (const auto& [row, rows] : {std::pair<size_t, size_t>{0, 8}, {8, 1}}) {
        for (const auto& [col, cols] : {std::pair<size_t, size_t>{0, 8}, {8, 40}}) {
            const auto piece = x.view().rows_from(row, rows).cols_from(col, cols);
            CHECK_FALSE(simd::quantise_block_operand(piece, Rounding::nearest_even,
                                                     {pieces.data(), k, row, col}, range));
        }
    }
    CHECK(pieces == whole.bytes);
    CHECK(range.lowest == whole.exponents.lowest);
    CHECK(range.highest == whole.exponents.highest);

    x(5, 17) =
        GENERATE(std::numeric_limits<float>::infinity(), std::nanf(""), bfp16::kMagnitudeLimit, -0x1p127F);
    x(7, 1) = x(5, 17);
    CHECK(simd::quantise_block_operand(x.view(), Rounding::nearest_even, {pieces.data(), k}, range) == 5U);
}
