#pragma once
// Vectors of the AIE2P compiler's own test (floor mode): eight values and their block of nine bytes.

#include <array>
#include <cstdint>

namespace npuscribe::test {

struct GoldenBlock {
    std::array<float, 8> values;
    std::array<uint8_t, 9> bytes;
};

inline constexpr float kOnePlus = 1.0F + 0x1p-7F;

inline constexpr std::array<GoldenBlock, 2> kGoldenBlocks{{
    {{1, -1, 2, 0.5F, -kOnePlus, kOnePlus, 0x1p-10F, -0x1p-10F},
     {0x80, 0x20, 0xE0, 0x40, 0x10, 0xDF, 0x20, 0x00, 0xFF}},
    {{0.5F, -0.5F, 0.25F, -0.25F, 0, 0, 0, 0}, {0x7E, 0x40, 0xC0, 0x20, 0xE0, 0x00, 0x00, 0x00, 0x00}},
}};

}  // namespace npuscribe::test
