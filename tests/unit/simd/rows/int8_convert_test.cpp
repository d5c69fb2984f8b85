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

TEST_CASE("blocks_to_int8 gives what the reference gives") {
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

TEST_CASE("int32_to_blocks gives what the reference gives") {
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
    for (size_t col = 0; col < cols; ++col) units[col] = bfp16::mantissa_unit(b[col]);
    const bool with_bias = GENERATE(true, false);
    const auto expected =
        bfp16::from_int32({sums.data(), rows, cols}, a, b,
                          with_bias ? std::span<const float>(bias) : std::span<const float>(), rounding);
    std::vector<uint8_t> blocks(expected.size());
    for (size_t row = 0; row < rows; ++row) {
        const simd::Int32Row line{sums.data() + row * cols, cols, bfp16::mantissa_unit(a[row]), units.data(),
                                  with_bias ? bias.data() : nullptr};
        REQUIRE(simd::int32_to_blocks(line, rounding, blocks.data() + row * bfp16::row_bytes(cols)));
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

TEST_CASE("row_to_int8 is right at both ends of the exponents' range") {
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
    for (const float bad : {INFINITY, -NAN, bfp16::kMagnitudeLimit}) {
        const std::vector<float> x{1, 2, 3, 4, 5, bad, 7, 8};
        CHECK_FALSE(simd::row_exponent(x.data(), 8, exponent));
    }
}

TEST_CASE("int32_to_row gives what the reference's blocks hold, stored or added") {
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
    for (size_t col = 0; col < cols; ++col) units[col] = bfp16::mantissa_unit(b[col]);
    bfp16::dequantise(
        bfp16::from_int32({sums.data(), 1, cols}, a, b,
                          with_bias ? std::span<const float>(bias) : std::span<const float>(), rounding),
        {expected.data(), 1, cols});
    simd::Int32Row line{sums.data(), cols, bfp16::mantissa_unit(a[0]), units.data(),
                        with_bias ? bias.data() : nullptr};
    REQUIRE(simd::int32_to_row(line, rounding, false, row.data()));
    REQUIRE(simd::int32_to_row(line, rounding, true, added.data()));
    CHECK(row == expected);
    for (size_t col = 0; col < cols; ++col) CHECK(added[col] == residual[col] + expected[col]);
    line.unit = 0x1p120F;
    line.bias = nullptr;
    sums[3] = 1 << 20;
    CHECK_FALSE(simd::int32_to_row(line, rounding, false, row.data()));
}
