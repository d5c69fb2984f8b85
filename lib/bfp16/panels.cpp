#include "bfp16/panels.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace npuscribe::bfp16 {
namespace {

constexpr uint32_t kPositive = 0x80808080;               // + 128 to each of four bytes
constexpr size_t kHalfBytes = kPanelLanes * 4;           // 16 rows' mantissas 0…3
constexpr size_t kMantissas = kPanelRows * kBlockSize;   // of a block, before its exponents
constexpr size_t kLaneBytes = kPanelLanes * kBlockSize;  // of 16 rows' mantissas

/// Where a row's first block has its mantissas and its exponent.
struct Place {
    size_t mantissas;
    size_t exponent;

    Place(size_t row, size_t k) {
        const size_t panel = row / kPanelRows * (k / kBlockSize) * kPanelBlockBytes;
        const size_t lane = row % kPanelRows;
        mantissas = panel + lane / kPanelLanes * kLaneBytes + lane % kPanelLanes * 4;
        exponent = panel + kMantissas + lane;
    }
};

}  // namespace

void pack_panels(const uint8_t* blocks, size_t k, size_t first, size_t count, uint8_t* panels) {
    assert(k % kBlockSize == 0);
    const size_t bytes = row_bytes(k);
    // Rows side by side share cache lines of the panel, so they are written together.
    for (size_t row = 0, next = 0; row < count; row = next) {
        next = std::min(count, row + kPanelLanes - (first + row) % kPanelLanes);
        const Place place(first + row, k);
        uint8_t* to = panels + place.mantissas;
        uint8_t* exponents = panels + place.exponent;
        const uint8_t* column = blocks + row * bytes;
        for (size_t block = 0; block < k / kBlockSize; ++block) {
            const uint8_t* from = column + block * kBlockBytes;
            for (size_t lane = 0; lane < next - row; ++lane, from += bytes) {
                uint32_t low, high;
                std::memcpy(&low, from + 1, sizeof low);
                std::memcpy(&high, from + 5, sizeof high);
                exponents[lane] = (low | high) == 0 ? kExponentOfZeros : from[0];
                low ^= kPositive;
                high ^= kPositive;
                std::memcpy(to + lane * 4, &low, sizeof low);
                std::memcpy(to + lane * 4 + kHalfBytes, &high, sizeof high);
            }
            to += kPanelBlockBytes;
            exponents += kPanelBlockBytes;
        }
    }
}

void pad_last_panel(size_t n, size_t k, uint8_t* panels) {
    for (size_t row = n; row % kPanelRows != 0; ++row) {
        const Place place(row, k);
        uint8_t* block = panels;
        for (size_t i = 0; i < k / kBlockSize; ++i, block += kPanelBlockBytes) {
            std::memcpy(block + place.mantissas, &kPositive, sizeof kPositive);
            std::memcpy(block + place.mantissas + kHalfBytes, &kPositive, sizeof kPositive);
            block[place.exponent] = kExponentOfZeros;
        }
    }
}

void unpack_panels(const uint8_t* panels, size_t k, size_t first, size_t count, uint8_t* blocks) {
    assert(k % kBlockSize == 0);
    for (size_t row = first; row < first + count; ++row) {
        const Place place(row, k);
        const uint8_t* from = panels + place.mantissas;
        const uint8_t* exponent = panels + place.exponent;
        for (size_t block = 0; block < k / kBlockSize; ++block, blocks += kBlockBytes) {
            uint32_t low, high;
            std::memcpy(&low, from, sizeof low);
            std::memcpy(&high, from + kHalfBytes, sizeof high);
            low ^= kPositive;
            high ^= kPositive;
            blocks[0] = (low | high) == 0 ? uint8_t{0} : *exponent;
            std::memcpy(blocks + 1, &low, sizeof low);
            std::memcpy(blocks + 5, &high, sizeof high);
            from += kPanelBlockBytes;
            exponent += kPanelBlockBytes;
        }
    }
}

ExponentRange exponents_of(const uint8_t* panels, size_t k, size_t first, size_t count) {
    constexpr size_t kAhead = 16;  // every ninth line of memory: too far apart for the CPU to foresee
    std::array<uint8_t, kPanelRows> lowest, highest;
    lowest.fill(255);
    highest.fill(0);
    const uint8_t* exponents = panels + first * (k / kBlockSize) * kPanelBlockBytes + kMantissas;
    for (size_t block = 0; block < count * (k / kBlockSize); ++block, exponents += kPanelBlockBytes) {
        __builtin_prefetch(exponents + kAhead * kPanelBlockBytes);
        for (size_t i = 0; i < kPanelRows; ++i) {
            lowest[i] = std::min(lowest[i], exponents[i]);
            highest[i] = std::max(highest[i], exponents[i]);
        }
    }
    return {*std::min_element(lowest.begin(), lowest.end()),
            *std::max_element(highest.begin(), highest.end())};
}

std::optional<size_t> exponent_above(uint32_t limit, const uint8_t* panels, size_t n, size_t k) {
    for (size_t row = 0; row < bfp16::panels(n) * kPanelRows; ++row) {
        const uint8_t* exponent = panels + Place(row, k).exponent;
        for (size_t block = 0; block < k / kBlockSize; ++block, exponent += kPanelBlockBytes) {
            if (*exponent > limit) return row;
        }
    }
    return std::nullopt;
}

}  // namespace npuscribe::bfp16
