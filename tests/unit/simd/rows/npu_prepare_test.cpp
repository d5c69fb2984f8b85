#include "simd/rows/npu_prepare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace npuscribe;
using bfp16::Rounding;
using bfp16::TileLayout;
using simd::RowOperation;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<uint8_t> plainly(const std::vector<float>& x, const TileLayout& layout, Rounding rounding) {
    std::vector<uint8_t> tiles(layout.bytes());
    bfp16::shuffle(bfp16::quantise({x.data(), layout.rows, layout.cols}, rounding), layout, tiles);
    return tiles;
}

std::vector<uint8_t> prepared(const std::vector<float>& x, const TileLayout& layout, Rounding rounding) {
    std::vector<uint8_t> tiles(layout.bytes(), 0xA5);
    for (size_t tile = 0; tile < layout.row_tiles(); ++tile) {
        std::fill_n(tiles.begin() + static_cast<std::ptrdiff_t>(tile * layout.row_tile_bytes()),
                    layout.header_bytes, uint8_t{0});
    }
    simd::RowPreparation how;
    how.rounding = rounding;
    CHECK_FALSE(simd::prepare_for_npu({x.data(), layout.rows, layout.cols}, how, layout, 0, tiles));
    simd::clear_rows(layout, layout.rows, tiles);
    return tiles;
}

using Source = float (*)(std::mt19937&);

float any_finite(std::mt19937& random) {
    // All bit patterns but Inf, NaN and what could round to 2^128.
    const uint32_t bits = static_cast<uint32_t>(random());
    const float value = std::bit_cast<float>(bits);
    return std::fabs(value) <= 0x1.FCp127F ? value : 1.0F;
}
float ordinary(std::mt19937& random) {
    return std::ldexp(std::normal_distribution<float>()(random), static_cast<int>(random() % 9) - 4);
}
float subnormal(std::mt19937& random) {
    return std::bit_cast<float>(static_cast<uint32_t>(random()) & 0x80FFFFFF);  // exponents 0 and 1
}
float half_way(std::mt19937& random) {
    return (static_cast<float>(random() % 512) - 256) / 2;  // many exact halves of a unit
}
float mostly_zero(std::mt19937& random) {
    if (random() % 4 != 0) return random() % 2 == 0 ? 0.0F : -0.0F;
    return std::ldexp(1.0F, static_cast<int>(random() % 254) - 126) * (random() % 2 == 0 ? 1.0F : -1.0F);
}
float near_the_limit(std::mt19937& random) {
    // Around bfp16::kMagnitudeLimit, from which on the reference code takes over, and up to the largest
    // value.
    const float value =
        std::ldexp(1.0F + static_cast<float>(random() % 1000) / 1010, 109 + static_cast<int>(random() % 18));
    return random() % 2 == 0 ? value : -value;
}

}  // namespace

TEST_CASE("prepare_for_npu writes what quantise and shuffle write, byte for byte") {
    const auto source = GENERATE(Source{any_finite}, Source{ordinary}, Source{subnormal}, Source{half_way},
                                 Source{mostly_zero}, Source{near_the_limit});
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    std::mt19937 random(11);
    const size_t tile_sizes[] = {8, 16, 32, 48, 64, 96};
    for (int round = 0; round < 40; ++round) {
        TileLayout layout;
        layout.rows = 1 + random() % 150;
        layout.cols = 1 + random() % 300;
        layout.tile_rows = tile_sizes[random() % 6];
        layout.tile_cols = tile_sizes[random() % 6];
        layout.header_bytes = random() % 2 * 64;
        std::vector<float> x(layout.rows * layout.cols);
        for (float& value : x) value = source(random);
        INFO(layout.rows << " x " << layout.cols << " in tiles of " << layout.tile_rows << " x "
                         << layout.tile_cols);
        const auto fast = prepared(x, layout, rounding), plain = plainly(x, layout, rounding);
        REQUIRE(std::mismatch(fast.begin(), fast.end(), plain.begin()).first - fast.begin() ==
                static_cast<std::ptrdiff_t>(plain.size()));
    }
}

TEST_CASE("restore_from_npu restores what the tiles hold") {
    std::mt19937 random(12);
    const TileLayout layout = GENERATE(TileLayout{100, 203, 64, 64, 0}, TileLayout{64, 512, 64, 32, 128},
                                       TileLayout{9, 8, 16, 16, 0});
    std::vector<float> x(layout.rows * layout.cols), expected(x.size()), restored(x.size());
    for (float& value : x) value = any_finite(random);
    const auto blocks = bfp16::quantise({x.data(), layout.rows, layout.cols}, Rounding::nearest_even);
    bfp16::dequantise(blocks, {expected.data(), layout.rows, layout.cols});
    std::vector<uint8_t> tiles(layout.bytes());
    bfp16::shuffle(blocks, layout, tiles);
    simd::restore_from_npu(tiles, layout, 0, {restored.data(), layout.rows, layout.cols});
    CHECK(restored == expected);

    std::vector<float> part(3 * layout.cols);
    simd::restore_from_npu(tiles, layout, 5, {part.data(), 3, layout.cols});
    CHECK(std::equal(part.begin(), part.end(),
                     expected.begin() + static_cast<std::ptrdiff_t>(5 * layout.cols)));
}

TEST_CASE("rows can be prepared a few at a time, in any order") {
    std::mt19937 random(13);
    const TileLayout layout{50, 72, 16, 32, 0};
    std::vector<float> x(layout.rows * layout.cols);
    for (float& value : x) value = ordinary(random);
    std::vector<uint8_t> tiles(layout.bytes(), 0xA5);
    for (const size_t first : {32, 0, 48, 8, 24, 16, 40}) {
        const size_t count = std::min<size_t>(8, layout.rows - first);
        CHECK_FALSE(simd::prepare_for_npu({x.data() + first * layout.cols, count, layout.cols}, {}, layout,
                                          first, tiles));
    }
    simd::clear_rows(layout, layout.rows, tiles);
    CHECK(tiles == plainly(x, layout, Rounding::nearest_even));
}

TEST_CASE("layer norm and GELU are applied before rounding") {
    std::mt19937 random(14);
    const TileLayout layout{21, 64, 16, 32, 0};
    std::vector<float> x(layout.rows * layout.cols), weight(64), bias(64), y(x.size());
    for (auto* values : {&x, &weight, &bias}) {
        for (float& value : *values) value = ordinary(random);
    }
    const MatrixView<const float> view(x.data(), layout.rows, layout.cols);
    std::vector<uint8_t> tiles(layout.bytes());

    simd::RowPreparation how{
        RowOperation::layer_norm, weight.data(), bias.data(), {}, Rounding::nearest_even};
    simd::prepare_for_npu(view, how, layout, 0, tiles);
    simd::clear_rows(layout, layout.rows, tiles);
    simd::layer_norm(view, weight.data(), bias.data(), {y.data(), layout.rows, layout.cols});
    CHECK(tiles == plainly(y, layout, Rounding::nearest_even));

    how.operation = RowOperation::gelu;
    simd::prepare_for_npu(view, how, layout, 0, tiles);
    y = x;
    simd::gelu({y.data(), layout.rows, layout.cols});
    CHECK(tiles == plainly(y, layout, Rounding::nearest_even));
}

TEST_CASE("a value that BFP16 cannot hold is refused with its row and column") {
    const TileLayout layout{20, 40, 16, 16, 0};
    const auto refused = [&](size_t row, size_t col, float value,
                             Rounding rounding = Rounding::nearest_even) {
        std::vector<float> x(layout.rows * layout.cols, 0.5F);
        x[row * layout.cols + col] = value;
        std::vector<uint8_t> tiles(layout.bytes());
        simd::RowPreparation how;
        how.rounding = rounding;
        const auto place = simd::prepare_for_npu({x.data(), layout.rows, layout.cols}, how, layout, 0, tiles);
        return place && place->row == row && place->col == col;
    };
    CHECK(refused(0, 0, kInfinity));
    CHECK(refused(7, 39, -kInfinity));
    CHECK(refused(19, 38, std::numeric_limits<float>::quiet_NaN()));  // in rows that are not whole subtiles
    CHECK(refused(8, 16, std::numeric_limits<float>::signaling_NaN()));
    CHECK(refused(3, 11, -0x1.FFFFFp127F));
    CHECK(refused(3, 11, -0x1.FCFFFp127F, Rounding::floor));
    CHECK_FALSE(refused(3, 11, 0x1.FFFFFEp127F));  // saturates at 127
    CHECK_FALSE(refused(3, 11, -0x1.FCp127F));
}

TEST_CASE("the steps, one by one, write the same tiles") {
    std::mt19937 random(15);
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const TileLayout layout{64, 128, 32, 64, 0};
    std::vector<float> x(layout.rows * layout.cols);
    for (float& value : x) value = ordinary(random);
    const MatrixView<const float> view(x.data(), layout.rows, layout.cols);
    std::vector<uint8_t> exponents(x.size() / 8), blocks(layout.rows * bfp16::row_bytes(layout.cols)),
        tiles(layout.bytes());
    simd::find_exponents(view, exponents.data());
    simd::quantise_blocks(view, exponents.data(), rounding, blocks.data());
    CHECK(blocks == bfp16::quantise(view, rounding));
    simd::shuffle_blocks(blocks.data(), layout, tiles);
    CHECK(tiles == plainly(x, layout, rounding));
}
