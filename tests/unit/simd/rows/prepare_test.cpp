#include "simd/rows/prepare.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "bfp16/block.h"
#include "catch.h"
#include "unit/simd/random_matrix.h"

using namespace npuscribe;
using namespace npuscribe::test;
using simd::Numerics;
using simd::RowOperation;

namespace {

float from_bf16_bits(uint16_t bits) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

/// Blocks of values with magnitudes all over the range of exponents.
Matrix spread_matrix(size_t rows, size_t cols, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> exponent(-140, 100);
    std::uniform_int_distribution<int> within(-12, 0);
    std::uniform_real_distribution<float> fraction(-1.0F, 1.0F);
    Matrix result(rows, cols);
    for (size_t i = 0; i < result.values.size(); i += 8) {
        const int block = exponent(random);
        for (size_t j = 0; j < 8; ++j)
            result.values[i + j] = std::ldexp(fraction(random), block + within(random));
    }
    return result;
}

}  // namespace

TEST_CASE("operands are rounded to exactly what the BFP16 reference gives") {
    for (const auto rounding : {bfp16::Rounding::nearest_even, bfp16::Rounding::floor}) {
        const auto x = spread_matrix(7, 264, 11);
        const Matrix expected = to_blocks(x, rounding);

        Matrix as_f32(7, 264);
        REQUIRE_FALSE(simd::prepare_f32(
            x.view(), {RowOperation::none, nullptr, nullptr, Numerics::bfp16, rounding}, as_f32.view()));
        std::vector<uint16_t> bits(7 * 264);
        REQUIRE_FALSE(simd::prepare_bf16(x.view(),
                                         {RowOperation::none, nullptr, nullptr, Numerics::bfp16, rounding},
                                         {bits.data(), 7, 264}));
        for (size_t i = 0; i < bits.size(); ++i) {
            INFO("value " << i << " = " << x.values[i]);
            REQUIRE(as_f32.values[i] == expected.values[i]);
            REQUIRE(from_bf16_bits(bits[i]) == expected.values[i]);  // exact in bfloat16
        }
    }
}

TEST_CASE("bf16 operands are rounded to nearest even") {
    const auto x = random_matrix(5, 40, 3);
    std::vector<uint16_t> bits(5 * 40);
    REQUIRE_FALSE(simd::prepare_bf16(x.view(), {RowOperation::none, nullptr, nullptr, Numerics::bf16, {}},
                                     {bits.data(), 5, 40}));
    for (size_t i = 0; i < bits.size(); ++i) REQUIRE(from_bf16_bits(bits[i]) == to_bf16(x.values[i]));
}

TEST_CASE("layer norm has mean 0 and variance 1 before its weight and bias") {
    const auto x = random_matrix(3, 512, 5, 4.0F);
    const auto weight = random_matrix(1, 512, 6);
    const auto bias = random_matrix(1, 512, 7);
    Matrix out(3, 512);
    simd::layer_norm(x.view(), weight.values.data(), bias.values.data(), out.view());
    for (size_t r = 0; r < 3; ++r) {
        double mean = 0;
        double variance = 0;
        for (size_t c = 0; c < 512; ++c) mean += x(r, c) / 512.0;
        for (size_t c = 0; c < 512; ++c) variance += (x(r, c) - mean) * (x(r, c) - mean) / 512.0;
        for (size_t c = 0; c < 512; ++c) {
            const double expected = (x(r, c) - mean) / std::sqrt(variance + 1e-5) * weight(0, c) + bias(0, c);
            REQUIRE(std::abs(out(r, c) - expected) < 2e-6 * (1 + std::abs(expected)));
        }
    }
}

TEST_CASE("GELU is the erf form, to 2e-6") {
    Matrix x(1, 8000);
    for (size_t i = 0; i < 8000; ++i) x(0, i) = static_cast<float>(i) * 0.002F - 8.0F;
    auto out = x;
    simd::gelu(out.view());
    for (size_t i = 0; i < 8000; ++i) {
        const double v = x(0, i);
        REQUIRE(std::abs(out(0, i) - 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)))) < 2e-6);
    }
}

TEST_CASE("a row with Inf or NaN is named") {
    auto x = random_matrix(4, 16, 1);
    std::vector<uint16_t> bits(4 * 16);
    const simd::RowPreparation how{RowOperation::none, nullptr, nullptr, Numerics::bfp16, {}};
    x(2, 9) = std::numeric_limits<float>::infinity();
    x(3, 0) = std::numeric_limits<float>::quiet_NaN();
    REQUIRE(simd::prepare_bf16(x.view(), how, {bits.data(), 4, 16}) == 2U);
    x(2, 9) = 0;
    REQUIRE(simd::prepare_bf16(x.view(), how, {bits.data(), 4, 16}) == 3U);
}
