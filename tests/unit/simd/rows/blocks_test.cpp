#include "simd/rows/blocks.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "catch.h"

using namespace npuscribe;

namespace {

std::vector<float> numbers(size_t count, int lowest_exponent, int highest_exponent, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> exponent(lowest_exponent, highest_exponent);
    std::uniform_real_distribution<float> significand(-1.0F, 1.0F);
    std::vector<float> values(count);
    for (float& value : values) value = std::ldexp(significand(random), exponent(random));
    return values;
}

}  // namespace

TEST_CASE("rows of blocks are those of the format's reference, byte for byte") {
    const auto [lowest, highest] = GENERATE(table<int, int>({{-4, 4}, {-149, -110}, {100, 111}, {0, 0}}));
    constexpr size_t kRows = 5, kCols = 200;
    const auto values = numbers(kRows * kCols, lowest, highest, 3);
    const MatrixView<const float> x(values.data(), kRows, kCols);
    std::vector<uint8_t> blocks(kRows * bfp16::row_bytes(kCols));
    CHECK_FALSE(simd::quantise_rows(x, blocks.data()));
    CHECK(blocks == bfp16::quantise(x, bfp16::Rounding::nearest_even));
}

TEST_CASE("every exponent and mantissa comes back as its value, in f32 and in bfloat16") {
    constexpr size_t kExponents = simd::kLargestBlockExponent + 1;
    constexpr size_t kCols = 256;  // a row an exponent, with every mantissa
    std::vector<uint8_t> blocks;
    for (size_t exponent = 0; exponent < kExponents; ++exponent) {
        for (size_t mantissa = 0; mantissa < kCols; ++mantissa) {
            if (mantissa % 8 == 0) blocks.push_back(static_cast<uint8_t>(exponent));
            blocks.push_back(static_cast<uint8_t>(mantissa));
        }
    }
    std::vector<float> wide(kExponents * kCols);
    std::vector<uint16_t> narrow(wide.size());
    CHECK_FALSE(simd::restore_rows(blocks.data(), MatrixView<float>(wide.data(), kExponents, kCols)));
    CHECK_FALSE(simd::restore_rows(blocks.data(), MatrixView<uint16_t>(narrow.data(), kExponents, kCols)));
    for (size_t i = 0; i < wide.size(); ++i) {
        // bfp16/block.h: mantissa / 64 × 2^(exponent − 127), the mantissa in two's complement.
        const int mantissa =
            i % kCols < 128 ? static_cast<int>(i % kCols) : static_cast<int>(i % kCols) - 256;
        const double value = std::ldexp(mantissa / 64.0, static_cast<int>(i / kCols) - 127);
        REQUIRE(static_cast<double>(wide[i]) == value);
        REQUIRE(std::bit_cast<uint32_t>(wide[i]) == static_cast<uint32_t>(narrow[i]) << 16);
    }
}

TEST_CASE("the first row that cannot be held is reported, in either direction") {
    auto values = numbers(6 * 16, -2, 2, 4);
    const float bad =
        GENERATE(std::numeric_limits<float>::infinity(), std::nanf(""), bfp16::kMagnitudeLimit, -0x1p127F);
    values[3 * 16 + 11] = bad;
    values[5 * 16] = bad;
    std::vector<uint8_t> blocks(6 * bfp16::row_bytes(16));
    CHECK(simd::quantise_rows({values.data(), 6, 16}, blocks.data()) == 3U);

    values[3 * 16 + 11] = values[5 * 16] = 0x1.FCp110F;  // the largest: 127/64 × 2^110
    REQUIRE_FALSE(simd::quantise_rows({values.data(), 6, 16}, blocks.data()));
    blocks[4 * 18 + 9] = simd::kLargestBlockExponent + 1;
    std::vector<uint16_t> narrow(6 * 16);
    CHECK(simd::restore_rows(blocks.data(), MatrixView<float>(values.data(), 6, 16)) == 4U);
    CHECK(simd::restore_rows(blocks.data(), MatrixView<uint16_t>(narrow.data(), 6, 16)) == 4U);
}
