#include "bfp16/panels.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "catch.h"

using namespace npuscribe;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr size_t kRow = 9 * 3;  // bytes of the three blocks of 24 values

/// Rows of three blocks; some of them zeros, with the exponent that `quantise` gives those.
Bytes some_blocks(size_t n) {
    std::mt19937 random(11);
    Bytes blocks(n * kRow);
    for (uint8_t& byte : blocks) byte = static_cast<uint8_t>(random());
    for (size_t block = 0; block < n * 3; block += 7) std::fill_n(blocks.begin() + block * 9, 9, uint8_t{0});
    return blocks;
}

Bytes packed(const Bytes& blocks, size_t n) {
    Bytes panels(bfp16::panel_bytes(n, 24), 0xA5);
    bfp16::pack_panels(blocks.data(), 24, 0, n, panels.data());
    bfp16::pad_last_panel(n, 24, panels.data());
    return panels;
}

}  // namespace

TEST_CASE("a panel is 64 rows' blocks along k: mantissas + 128 by 16 rows, then the exponents") {
    const size_t n = 70;
    const Bytes blocks = some_blocks(n);
    const Bytes panels = packed(blocks, n);
    REQUIRE(panels.size() == 2 * 3 * 576);
    for (size_t row = 0; row < n; ++row) {
        for (size_t block = 0; block < 3; ++block) {
            const uint8_t* from = &blocks[row * kRow + block * 9];
            const uint8_t* to = &panels[row / 64 * 3 * 576 + block * 576];
            const size_t lane = row % 64;
            for (size_t i = 0; i < 8; ++i)
                REQUIRE(to[lane / 16 * 128 + i / 4 * 64 + lane % 16 * 4 + i % 4] == (from[1 + i] ^ 0x80));
            const bool zeros = std::all_of(from + 1, from + 9, [](uint8_t byte) { return byte == 0; });
            REQUIRE(to[512 + lane] == (zeros ? 127 : from[0]));
        }
    }
    // The padding is blocks of zeros.
    for (size_t block = 0; block < 3; ++block) {
        const uint8_t* to = &panels[(3 + block) * 576];
        for (size_t lane = n % 64; lane < 64; ++lane) {
            for (size_t i = 0; i < 8; ++i)
                REQUIRE(to[lane / 16 * 128 + i / 4 * 64 + lane % 16 * 4 + i % 4] == 128);
            REQUIRE(to[512 + lane] == 127);
        }
    }
}

TEST_CASE("rows come back from panels byte for byte, all or some") {
    const size_t n = 130;
    const Bytes blocks = some_blocks(n);
    const Bytes panels = packed(blocks, n);
    for (const auto& [first, count] : {std::pair<size_t, size_t>{0, n}, {0, 1}, {63, 2}, {100, 30}}) {
        Bytes rows(count * kRow);
        bfp16::unpack_panels(panels.data(), 24, first, count, rows.data());
        CHECK(std::equal(rows.begin(), rows.end(), blocks.begin() + first * kRow));
    }
}

TEST_CASE("panels packed piece by piece are those packed at once") {
    const size_t n = 100;
    const Bytes blocks = some_blocks(n);
    Bytes panels(bfp16::panel_bytes(n, 24), 0x5A);
    bfp16::pad_last_panel(n, 24, panels.data());
    for (const auto& [first, count] : {std::pair<size_t, size_t>{80, 20}, {0, 16}, {16, 64}})
        bfp16::pack_panels(&blocks[first * kRow], 24, first, count, panels.data());
    CHECK(panels == packed(blocks, n));
}

TEST_CASE("the range of exponents covers only the panels asked for, and an exponent too high is found") {
    Bytes blocks(130 * kRow, 1);  // mantissas that are not zero
    for (size_t block = 0; block < 130 * 3; ++block) blocks[block * 9] = 120;
    blocks[70 * kRow + 9] = 99;
    blocks[129 * kRow] = 200;
    const Bytes panels = packed(blocks, 130);
    const auto range = [&](size_t first, size_t count) {
        const auto exponents = bfp16::exponents_of(panels.data(), 24, first, count);
        return std::pair(exponents.lowest, exponents.highest);
    };
    CHECK(range(0, 1) == std::pair(120U, 120U));
    CHECK(range(1, 1) == std::pair(99U, 120U));
    CHECK(range(0, 3) == std::pair(99U, 200U));
    CHECK(range(2, 1) == std::pair(120U, 200U));  // 127 in the padding
    CHECK_FALSE(bfp16::exponent_above(200, panels.data(), 130, 24));
    CHECK(bfp16::exponent_above(199, panels.data(), 130, 24) == 129U);
    CHECK(bfp16::exponent_above(99, panels.data(), 130, 24) == 0U);
}
