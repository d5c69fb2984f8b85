#include "bfp16/int8.h"

#include <random>
#include <vector>

#include "base/eigen.h"
#include "catch.h"

using namespace npuscribe;
using bfp16::Rounding;

TEST_CASE("mantissas are aligned to the row's largest exponent, halves to even") {
    // Two blocks in a row: exponents 130 and 128, so the second's mantissas are worth a quarter of the
    // first's.
    const std::vector<uint8_t> blocks{130, 64,  0x80, 127, 1, 0xFF, 0,    2,    3,  //
                                      128, 100, 2,    6,   3, 0xFE, 0xFA, 0x81, 0x7F};
    const auto exponents = bfp16::row_exponents(blocks, 1, 16);
    REQUIRE(exponents == std::vector<uint8_t>{130});
    std::vector<int8_t> q(16);
    bfp16::to_int8(blocks, exponents, {q.data(), 1, 16});
    //                              100/4 2/4 6/4 3/4 -2/4 -6/4 -127/4 127/4
    CHECK(q == std::vector<int8_t>{64, -128, 127, 1, -1, 0, 2, 3, 25, 0, 2, 1, 0, -2, -32, 32});
}

TEST_CASE("a block with a smaller exponent is aligned, not copied") {
    const std::vector<uint8_t> blocks{130, 64, 0, 0, 0, 0, 0, 0, 0, 120, 64, 0, 0, 0, 0, 0, 0, 0};
    std::vector<int8_t> q(16);
    bfp16::to_int8(blocks, bfp16::row_exponents(blocks, 1, 16), {q.data(), 1, 16});
    CHECK(q[0] == 64);
    CHECK(q[8] == 0);  // 64 / 1024; a copied mantissa would make it as large as the first
}

TEST_CASE("a whole tensor may share one exponent that no block exceeds") {
    const std::vector<uint8_t> blocks{130, 64, 0, 0, 0, 0, 0, 0, 0, 127, 64, 0, 0, 0, 0, 0, 0, 0};
    CHECK(bfp16::row_exponents(blocks, 2, 8) == std::vector<uint8_t>{130, 127});
    std::vector<int8_t> q(16);
    bfp16::to_int8(blocks, std::vector<uint8_t>{130}, {q.data(), 2, 8});
    CHECK(q[0] == 64);
    CHECK(q[8] == 8);
}

TEST_CASE("INT32 sums are converted back to blocks") {
    // q = 64 at exponent 127 is 1. 64 x 64 sums are 1 x 1 each: 3 x 4096 is 3; at exponents 128 and 127, 6.
    const std::vector<int32_t> sums{3 * 4096, -4096, 4096 / 2, 0, 3 * 4096, 0, 0, 0};
    const std::vector<uint8_t> a{127}, b{127, 127, 127, 127, 128, 127, 127, 127};
    const std::vector<float> bias{0, 0.5F, 0, 0, 0, 0, 0, -2};
    const auto blocks = bfp16::from_int32({sums.data(), 1, 8}, a, b, bias, Rounding::nearest_even);
    std::vector<float> values(8);
    bfp16::dequantise(blocks, {values.data(), 1, 8});
    CHECK(values == std::vector<float>{3, -0.5F, 0.5F, 0, 6, 0, 0, -2});
}

TEST_CASE("the conversions there and back are as exact as 8 bits a row allow") {
    // y = x Wt in INT8, against double precision: each q is off by at most half a unit, and the result is
    // rounded to the 8 bits of BFP16.
    const size_t m = 16, k = 256, n = 24;
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> x(m * k), w(n * k);
    for (float& value : x) value = normal(random);
    for (float& value : w) value = normal(random) / 16;
    const auto quantised = [&](const std::vector<float>& values, size_t rows,
                               std::vector<uint8_t>& exponents) {
        const auto blocks = bfp16::quantise({values.data(), rows, k}, Rounding::nearest_even);
        exponents = bfp16::row_exponents(blocks, rows, k);
        std::vector<int8_t> q(rows * k);
        bfp16::to_int8(blocks, exponents, {q.data(), rows, k});
        return q;
    };
    std::vector<uint8_t> a, b;
    const auto qx = quantised(x, m, a), qw = quantised(w, n, b);
    const auto as_matrix = [&](const auto& values, size_t rows) {
        return as_eigen(MatrixView(values.data(), rows, values.size() / rows));
    };
    const EigenMatrix<int32_t> sums =
        as_matrix(qx, m).template cast<int32_t>() * as_matrix(qw, n).template cast<int32_t>().transpose();
    std::vector<float> y(m * n);
    bfp16::dequantise(bfp16::from_int32({sums.data(), m, n}, a, b, {}, Rounding::nearest_even),
                      {y.data(), m, n});
    const EigenMatrix<double> expected =
        as_matrix(x, m).template cast<double>() * as_matrix(w, n).template cast<double>().transpose();
    const double error = (as_matrix(y, m).template cast<double>() - expected).norm();
    // Normal values reach three sigma: a unit is about 1/32 of one, and rounding adds 1/32/sqrt(12) to each
    // operand.
    CHECK(error < 0.02 * expected.norm());
}

TEST_CASE("int8 subtiles of A are rows, of B columns first") {
    std::vector<int8_t> values(16 * 16);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int8_t>(i);
    std::vector<uint8_t> tiles(256);
    bfp16::Int8Tiles layout{16, 16, 16, 16, false};
    bfp16::shuffle({values.data(), 16, 16}, layout, tiles);
    CHECK(tiles[1] == 1);         // (0, 1)
    CHECK(tiles[8] == 16);        // (1, 0)
    CHECK(tiles[64] == 8);        // the subtile to the right: (0, 8)
    CHECK(tiles[128] == 8 * 16);  // the one below: (8, 0)
    layout.k_major = true;
    bfp16::shuffle({values.data(), 16, 16}, layout, tiles);
    CHECK(tiles[1] == 16);  // (1, 0)
    CHECK(tiles[8] == 1);   // (0, 1)
}
