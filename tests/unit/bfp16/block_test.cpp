#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "bfp16/block.h"
#include "catch.h"
#include "golden.h"

using namespace npuscribe;
using bfp16::Rounding;

namespace {

using Block = std::array<uint8_t, 9>;
using Values = std::array<float, 8>;

Block encode(const Values& values, Rounding rounding) {
    Block block{};
    bfp16::quantise_block(values.data(), block.data(), rounding);
    return block;
}

Values decode(const Block& block) {
    Values values{};
    bfp16::dequantise_block(block.data(), values.data());
    return values;
}

bool gives_the_golden_bytes(const std::function<Block(const Values&)>& encoder) {
    return std::all_of(test::kGoldenBlocks.begin(), test::kGoldenBlocks.end(),
                       [&](const auto& golden) { return encoder(golden.values) == golden.bytes; });
}

// A format of other projects: values scaled by 127 over the largest magnitude, and the exponent last.
Block encode_exponent_last(const Values& values) {
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::fabs(value));
    int exponent = 0;
    std::frexp(largest, &exponent);
    Block block{};
    for (size_t i = 0; i < 8; ++i) {
        block[i] = static_cast<uint8_t>(
            static_cast<int>(std::lround(std::ldexp(values[i], -exponent) * 127)) & 0xFF);
    }
    block[8] = static_cast<uint8_t>(exponent + 127);
    return block;
}

Values decode_exponent_last(const Block& block) {
    Values values{};
    for (size_t i = 0; i < 8; ++i) {
        values[i] = std::ldexp(static_cast<float>(static_cast<int8_t>(block[i])) / 127, block[8] - 127);
    }
    return values;
}

}  // namespace

TEST_CASE("blocks are the AIE2P compiler's, byte for byte") {
    for (const auto& golden : test::kGoldenBlocks)
        CHECK(encode(golden.values, Rounding::floor) == golden.bytes);
}

TEST_CASE("the golden vectors distinguish the format from another that passes a round trip") {
    CHECK(gives_the_golden_bytes([](const Values& values) { return encode(values, Rounding::floor); }));

    const Values values{1, -0.5F, 0.25F, 0.75F, 0, -1, 0.125F, -0.875F};
    const Values back = decode_exponent_last(encode_exponent_last(values));
    for (size_t i = 0; i < 8; ++i) CHECK(std::fabs(back[i] - values[i]) < 0.01);
    CHECK_FALSE(gives_the_golden_bytes(encode_exponent_last));

    // Moving the exponent to the front does not help.
    CHECK_FALSE(gives_the_golden_bytes([](const Values& input) {
        Block block = encode_exponent_last(input);
        std::rotate(block.begin(), block.end() - 1, block.end());
        return block;
    }));
}

TEST_CASE("a block decodes to mantissa / 64 x 2^(exponent - 127)") {
    CHECK(decode({127, 64, 32, 1, 0, 0xFF, 0x80, 0x7F, 0xC0}) ==
          Values{1, 0.5F, 1.0F / 64, 0, -1.0F / 64, -2, 127.0F / 64, -1});
    CHECK(decode({0, 1, 0, 0, 0, 0, 0, 0, 0xFF})[0] == 0x1p-133F);
    CHECK(decode({254, 127, 0, 0, 0, 0, 0, 0, 0})[0] == 0x1.FCp127F);
}

TEST_CASE("nearest even rounds halves to even and saturates instead of raising the exponent") {
    // Exponent 127 (1 <= largest < 2): one step is 1/64.
    const auto nearest = [](float steps) {
        return static_cast<int8_t>(encode({1, steps / 64, 0, 0, 0, 0, 0, 0}, Rounding::nearest_even)[2]);
    };
    CHECK(nearest(2.5F) == 2);
    CHECK(nearest(3.5F) == 4);
    CHECK(nearest(-2.5F) == -2);
    CHECK(nearest(-3.5F) == -4);
    CHECK(nearest(2.50001F) == 3);
    CHECK(nearest(127.75F) == 127);
    CHECK(nearest(-127.75F) == -128);
    CHECK(nearest(-127.25F) == -127);
    CHECK(encode({1.999F, 0, 0, 0, 0, 0, 0, 0}, Rounding::nearest_even)[0] == 127);
}

TEST_CASE("floor rounds towards minus infinity") {
    const auto floor_of = [](float steps) {
        return static_cast<int8_t>(encode({1, steps / 64, 0, 0, 0, 0, 0, 0}, Rounding::floor)[2]);
    };
    CHECK(floor_of(2.999F) == 2);
    CHECK(floor_of(-2.001F) == -3);
    CHECK(floor_of(-127.001F) == -128);
    CHECK(floor_of(127.999F) == 127);
}

TEST_CASE("zeros of either sign give zero bytes") {
    for (const auto rounding : {Rounding::nearest_even, Rounding::floor}) {
        CHECK(encode({0.0F, -0.0F, 0, 0, -0.0F, 0, 0, 0}, rounding) == Block{});
        CHECK(encode({4, -0.0F, 0, 0, 0, 0, 0, 0}, rounding)[2] == 0);
    }
}

TEST_CASE("subnormals are kept as far as their block's step reaches") {
    // Exponent 0: one step is 2^-133, 65536 times the smallest subnormal.
    const Block block = encode({0x1p-133F, -0x1p-127F, 0x1p-149F, 0, 0, 0, 0, 0}, Rounding::nearest_even);
    CHECK(block == Block{0, 1, 0xC0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("a value that fits a block's eight bits comes back exactly") {
    std::mt19937 random(1);
    std::uniform_int_distribution<int> mantissa(-127, 127);
    for (int exponent = 0; exponent < 255; ++exponent) {
        Values values{};
        for (float& value : values) value = std::ldexp(static_cast<float>(mantissa(random)), exponent - 133);
        values[3] = std::ldexp(64.0F, exponent - 133);  // fixes the block's exponent
        for (const auto rounding : {Rounding::nearest_even, Rounding::floor}) {
            CHECK(decode(encode(values, rounding)) == values);
        }
    }
}

TEST_CASE("rows are whole blocks, the last one padded with zeros") {
    const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8, 1, 0.5F,  // row 0: blocks at 2^2 and 2^0
                                    0, 0, 0, 0, 0, 0, 0, 0, 0, -4};
    const auto blocks = bfp16::quantise({values.data(), 2, 10}, Rounding::nearest_even);
    REQUIRE(bfp16::row_bytes(10) == 18);
    CHECK(blocks == std::vector<uint8_t>{130, 8,  16,  24, 32, 40, 48, 56, 64,  //
                                         127, 64, 32,  0,  0,  0,  0,  0,  0,   //
                                         0,   0,  0,   0,  0,  0,  0,  0,  0,   //
                                         129, 0,  192, 0,  0,  0,  0,  0,  0});
    std::vector<float> back(20);
    bfp16::dequantise(blocks, {back.data(), 2, 10});
    CHECK(back == values);
}

TEST_CASE("512 x 512 values take 294,912 bytes") {
    CHECK(512 * bfp16::row_bytes(512) == 294912);
}

TEST_CASE("a value that a block cannot hold is refused with its place") {
    std::vector<float> values(3 * 20, 1.0F);
    const MatrixView<const float> matrix(values.data(), 3, 20);
    const auto refusal = [&](size_t row, size_t col, float value,
                             Rounding rounding = Rounding::nearest_even) {
        std::fill(values.begin(), values.end(), 1.0F);
        values[row * 20 + col] = value;
        return test::message_of<InputError>([&] { bfp16::quantise(matrix, rounding); });
    };
    CHECK(test::contains(refusal(2, 17, std::numeric_limits<float>::quiet_NaN()), "NaN at row 2, column 17"));
    CHECK(test::contains(refusal(0, 0, -std::numeric_limits<float>::infinity()), "-Inf at row 0, column 0"));
    CHECK(test::contains(refusal(1, 9, std::numeric_limits<float>::infinity()), "Inf at row 1, column 9"));
    // -(2 - 2^-20) x 2^127 rounds to -2^128, whose exponent would be 255.
    CHECK(test::contains(refusal(1, 3, -0x1.FFFFFp127F), "row 1, column 3"));
    CHECK(test::contains(refusal(1, 3, -0x1.FCFFFp127F, Rounding::floor), "row 1, column 3"));
    values.assign(60, -0x1.FCp127F);
    CHECK_NOTHROW(bfp16::quantise(matrix, Rounding::nearest_even));
}

TEST_CASE("decoding refuses bytes of another shape") {
    std::vector<uint8_t> blocks(9);
    std::vector<float> out(16);
    const auto message = test::message_of<InputError>([&] { bfp16::dequantise(blocks, {out.data(), 2, 8}); });
    CHECK(test::contains(message, "must be 18 bytes, got 9"));
}
