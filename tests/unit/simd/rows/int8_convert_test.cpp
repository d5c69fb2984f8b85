#include "simd/rows/int8_convert.h"

#include <cmath>
#include <random>
#include <vector>

#include "bfp16/int8.h"
#include "catch.h"
#include "simd/isa.h"
#include "simd/rows/int8_rows.h"

using namespace npuscribe;
using bfp16::Rounding;

namespace {

std::vector<float> varied(size_t count, unsigned seed, int spread) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values) {
        value = std::ldexp(normal(random),
                           static_cast<int>(random() % static_cast<unsigned>(2 * spread + 1)) - spread);
    }
    return values;
}

}  // namespace

TEST_CASE("to_blocks writes what quantise writes") {
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const auto spread = GENERATE(0, 3, 60);
    const auto x = varied(9 * 200, 1, spread);
    std::vector<uint8_t> blocks(9 * bfp16::row_bytes(200));
    REQUIRE(simd::to_blocks({x.data(), 9, 200}, rounding, blocks.data()));
    CHECK(blocks == bfp16::quantise({x.data(), 9, 200}, rounding));

    std::vector<float> back(x.size()), expected(x.size());
    for (size_t row = 0; row < 9; ++row)
        simd::blocks_to_f32(blocks.data() + row * 225, 25, back.data() + row * 200);
    bfp16::dequantise(blocks, {expected.data(), 9, 200});
    CHECK(back == expected);
}

TEST_CASE("to_blocks refuses what the plain code is to look at") {
    std::vector<uint8_t> blocks(9);
    for (const float bad : {INFINITY, -NAN, 0x1p111F}) {
        const std::vector<float> x{1, 2, 3, bad, 5, 6, 7, 8};
        CHECK_FALSE(simd::to_blocks({x.data(), 1, 8}, Rounding::nearest_even, blocks.data()));
    }
}

TEST_CASE("blocks_to_int8 aligns as the plain code does") {
    const auto spread = GENERATE(0, 2, 10, 60);
    const size_t rows = 40, cols = 136;
    const auto x = varied(rows * cols, 2, spread);
    const auto blocks = bfp16::quantise({x.data(), rows, cols}, Rounding::nearest_even);
    const auto exponents = bfp16::row_exponents(blocks, rows, cols);
    std::vector<int8_t> expected(x.size()), q(x.size());
    bfp16::to_int8(blocks, exponents, {expected.data(), rows, cols});
    for (size_t row = 0; row < rows; ++row) {
        const uint8_t* line = blocks.data() + row * bfp16::row_bytes(cols);
        REQUIRE(simd::largest_exponent(line, cols / 8) == exponents[row]);
        simd::blocks_to_int8(line, cols / 8, exponents[row], q.data() + row * cols);
    }
    CHECK(q == expected);
}

TEST_CASE("int32_to_blocks converts as the plain code does") {
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const size_t rows = 30, cols = 72;
    std::mt19937 random(3);
    std::vector<int32_t> sums(rows * cols);
    for (int32_t& sum : sums) sum = static_cast<int32_t>(random()) >> (4 + random() % 20);
    std::vector<uint8_t> a(rows), b(cols);
    for (uint8_t& exponent : a) exponent = static_cast<uint8_t>(110 + random() % 20);
    for (uint8_t& exponent : b) exponent = static_cast<uint8_t>(110 + random() % 20);
    const auto bias = varied(cols, 4, 3);
    std::vector<float> units(cols);
    for (size_t col = 0; col < cols; ++col) units[col] = simd::mantissa_unit(b[col]);
    const bool with_bias = GENERATE(true, false);
    const auto expected =
        bfp16::from_int32({sums.data(), rows, cols}, a, b,
                          with_bias ? std::span<const float>(bias) : std::span<const float>(), rounding);
    std::vector<uint8_t> blocks(expected.size());
    for (size_t row = 0; row < rows; ++row) {
        REQUIRE(simd::int32_to_blocks(sums.data() + row * cols, cols, a[row], units.data(),
                                      with_bias ? bias.data() : nullptr, rounding,
                                      blocks.data() + row * bfp16::row_bytes(cols)));
    }
    CHECK(blocks == expected);
}

TEST_CASE("row_to_int8 gives what blocks aligned to the row's exponent give") {
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const auto spread = GENERATE(0, 2, 10, 60);
    const size_t rows = 40, cols = 136;
    const auto x = varied(rows * cols, 5, spread);
    const auto blocks = bfp16::quantise({x.data(), rows, cols}, rounding);
    const auto exponents = bfp16::row_exponents(blocks, rows, cols);
    std::vector<int8_t> expected(x.size()), q(x.size());
    bfp16::to_int8(blocks, exponents, {expected.data(), rows, cols});
    for (size_t row = 0; row < rows; ++row) {
        uint8_t exponent = 0;
        REQUIRE(simd::row_exponent(x.data() + row * cols, cols, exponent));
        REQUIRE(exponent == exponents[row]);
        simd::row_to_int8(x.data() + row * cols, cols, exponent, rounding, q.data() + row * cols);
    }
    CHECK(q == expected);
}

TEST_CASE("row_to_int8 holds to the ends of the exponents' range") {
    for (const float scale : {0.0F, 0x1p-149F, 0x1p-126F, 0x1p-60F, 0x1p60F, 0x1.8p110F}) {
        std::vector<float> x(16, 0.0F);
        for (size_t i = 0; i < x.size(); ++i) x[i] = scale * (static_cast<float>(i) - 8.0F) / 8.0F;
        const auto blocks = bfp16::quantise({x.data(), 1, 16}, Rounding::nearest_even);
        const auto exponents = bfp16::row_exponents(blocks, 1, 16);
        std::vector<int8_t> expected(16), q(16);
        bfp16::to_int8(blocks, exponents, {expected.data(), 1, 16});
        uint8_t exponent = 255;
        REQUIRE(simd::row_exponent(x.data(), 16, exponent));
        CHECK(exponent == exponents[0]);
        simd::row_to_int8(x.data(), 16, exponent, Rounding::nearest_even, q.data());
        CHECK(q == expected);
    }
}

TEST_CASE("row_exponent refuses what BFP16 cannot hold") {
    uint8_t exponent = 0;
    for (const float bad : {INFINITY, -NAN, 0x1p111F}) {
        const std::vector<float> x{1, 2, 3, 4, 5, bad, 7, 8};
        CHECK_FALSE(simd::row_exponent(x.data(), 8, exponent));
    }
}

TEST_CASE("int32_to_row gives what the plain code's blocks hold, stored or added") {
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const bool with_bias = GENERATE(true, false);
    const size_t cols = 72;
    std::mt19937 random(6);
    std::vector<int32_t> sums(cols);
    for (int32_t& sum : sums) sum = static_cast<int32_t>(random()) >> (4 + random() % 20);
    std::vector<uint8_t> a{118}, b(cols);
    for (uint8_t& exponent : b) exponent = static_cast<uint8_t>(110 + random() % 20);
    const auto bias = varied(cols, 7, 3);
    const auto residual = varied(cols, 8, 3);
    std::vector<float> units(cols), expected(cols), row(cols), added = residual;
    for (size_t col = 0; col < cols; ++col) units[col] = simd::mantissa_unit(b[col]);
    bfp16::dequantise(
        bfp16::from_int32({sums.data(), 1, cols}, a, b,
                          with_bias ? std::span<const float>(bias) : std::span<const float>(), rounding),
        {expected.data(), 1, cols});
    const float unit = simd::mantissa_unit(a[0]);
    const float* bias_or_none = with_bias ? bias.data() : nullptr;
    REQUIRE(
        simd::int32_to_row(sums.data(), cols, unit, units.data(), bias_or_none, rounding, false, row.data()));
    REQUIRE(simd::int32_to_row(sums.data(), cols, unit, units.data(), bias_or_none, rounding, true,
                               added.data()));
    CHECK(row == expected);
    for (size_t col = 0; col < cols; ++col) CHECK(added[col] == residual[col] + expected[col]);
    const float huge = 0x1p120F;
    sums[3] = 1 << 20;
    CHECK_FALSE(
        simd::int32_to_row(sums.data(), cols, huge, units.data(), nullptr, rounding, false, row.data()));
}
