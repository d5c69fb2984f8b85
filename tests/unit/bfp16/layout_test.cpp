#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "base/error.h"
#include "bfp16/layout.h"
#include "catch.h"
#include "golden.h"

using namespace npuscribe;
using bfp16::TileLayout;

namespace {

std::vector<uint8_t> random_bytes(size_t size) {
    std::mt19937 random(7);
    std::vector<uint8_t> bytes(size);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<uint8_t>(random()); });
    return bytes;
}

std::vector<uint8_t> shuffled(const std::vector<uint8_t>& blocks, const TileLayout& layout) {
    std::vector<uint8_t> tiles(layout.bytes(), 0xA5);
    bfp16::shuffle(blocks, layout, tiles);
    return tiles;
}

}  // namespace

TEST_CASE("a subtile is eight rows of nine bytes, seventy-two in a row") {
    // 8 x 16 values in one tile: byte r * 18 + b of the rows is numbered, so that its new place shows.
    std::vector<uint8_t> rows(8 * 18);
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<uint8_t>(i);
    const auto tiles = shuffled(rows, {8, 16, 8, 16});
    REQUIRE(tiles.size() == 144);
    for (size_t row = 0; row < 8; ++row) {
        for (size_t byte = 0; byte < 9; ++byte) {
            CHECK(tiles[row * 9 + byte] == row * 18 + byte);           // left subtile
            CHECK(tiles[72 + row * 9 + byte] == row * 18 + 9 + byte);  // right subtile
        }
    }
}

TEST_CASE("subtiles are column-major in a tile, tiles row-major in the matrix") {
    // Each block's bytes encode (subtile row, subtile column); tiles of 16 x 16 in a 32 x 32 matrix.
    std::vector<uint8_t> rows(32 * 36);
    for (size_t row = 0; row < 32; ++row) {
        for (size_t block = 0; block < 4; ++block) {
            std::fill_n(rows.begin() + static_cast<std::ptrdiff_t>(row * 36 + block * 9), 9,
                        static_cast<uint8_t>(row / 8 * 16 + block));
        }
    }
    const auto tiles = shuffled(rows, {32, 32, 16, 16});
    std::vector<int> order;
    for (size_t i = 0; i < tiles.size(); i += 72) order.push_back(tiles[i]);
    CHECK(order == std::vector<int>{0x00, 0x10, 0x01, 0x11, 0x02, 0x12, 0x03, 0x13,  //
                                    0x20, 0x30, 0x21, 0x31, 0x22, 0x32, 0x23, 0x33});
}

TEST_CASE("a row of tiles is the same bytes however wide its tiles are") {
    const auto blocks = random_bytes(32 * bfp16::row_bytes(96));
    const auto narrow = shuffled(blocks, {32, 96, 16, 16}), wide = shuffled(blocks, {32, 96, 16, 48});
    CHECK(narrow == wide);
}

TEST_CASE("the golden blocks stay in one piece") {
    std::vector<float> values(8 * 8);
    for (size_t row = 0; row < 8; ++row) {
        std::copy_n(test::kGoldenBlocks[row % 2].values.begin(), 8,
                    values.begin() + static_cast<int>(row) * 8);
    }
    const auto tiles = shuffled(bfp16::quantise({values.data(), 8, 8}, bfp16::Rounding::floor), {8, 8, 8, 8});
    for (size_t row = 0; row < 8; ++row) {
        CHECK(std::equal(tiles.begin() + static_cast<int>(row) * 9,
                         tiles.begin() + static_cast<int>(row) * 9 + 9,
                         test::kGoldenBlocks[row % 2].bytes.begin()));
    }
}

TEST_CASE("unshuffle undoes shuffle byte for byte, whatever the shape") {
    const auto [rows, cols] = GENERATE(table<size_t, size_t>(
        {{1, 1}, {8, 8}, {7, 9}, {64, 64}, {65, 72}, {100, 384}, {512, 512}, {13, 1280}}));
    const auto [tile_rows, tile_cols] =
        GENERATE(table<size_t, size_t>({{8, 8}, {16, 64}, {64, 32}, {64, 64}, {48, 64}, {96, 32}}));
    const size_t header = GENERATE(size_t{0}, size_t{192});
    const TileLayout layout{rows, cols, tile_rows, tile_cols, header};
    const auto blocks = random_bytes(rows * bfp16::row_bytes(cols));
    std::vector<uint8_t> back(blocks.size());
    bfp16::unshuffle(shuffled(blocks, layout), layout, back);
    CHECK(back == blocks);
}

TEST_CASE("padding is zero and headers are not touched") {
    const TileLayout layout{9, 10, 16, 16, 24};
    const auto tiles = shuffled(std::vector<uint8_t>(9 * 18, 0xFF), layout);
    REQUIRE(tiles.size() == 24 + 4 * 72);
    CHECK(std::count(tiles.begin(), tiles.begin() + 24, 0xA5) == 24);
    CHECK(std::count(tiles.begin() + 24, tiles.end(), 0xFF) == 9 * 18);
    CHECK(std::count(tiles.begin() + 24, tiles.end(), 0) == 4 * 72 - 9 * 18);
}

TEST_CASE("sizes that do not fit are refused") {
    std::vector<uint8_t> blocks(9);
    std::vector<uint8_t> tiles(72);
    CHECK(test::contains(test::message_of<InputError>([&] {
                             bfp16::shuffle(blocks, {1, 8, 8, 12}, tiles);
                         }),
                         "8 x 12"));
    CHECK(test::contains(test::message_of<InputError>([&] {
                             bfp16::shuffle(blocks, {2, 8, 8, 8}, tiles);
                         }),
                         "got 9 and 72"));
    CHECK_NOTHROW(bfp16::shuffle(blocks, {1, 8, 8, 8}, tiles));
}
