#pragma once
// How attention_int8.h's keys and values lie in memory. Private to lib/simd.

#include <cstddef>
#include <cstdint>

#include "simd/packing.h"

namespace npuscribe::simd {

constexpr size_t padded_positions(size_t n) {
    return lane_blocks(n) * kLaneBlock;
}

/// Query rows that share a pass over a head's keys and values: a beam search's, mostly. Reading them bounds
/// small groups.
inline constexpr size_t kPassRows = 6;

/// Positions whose keys, or values, are read into the first-level cache once for all rows of a pass.
inline constexpr size_t kPassPositions = 4 * kLaneBlock;

/// Fetches what comes two passes' positions after `from`: no hardware prefetcher goes beyond a page.
inline void fetch_ahead(const uint8_t* from) {
    constexpr size_t kBytes = kPassPositions * kHeadSize;
    for (size_t line = 0; line < kBytes; line += 64) __builtin_prefetch(from + 2 * kBytes + line);
}

/// The parts of one head's memory. Keys: [n/16][16 groups of 4 values][16 positions][4], offset by 128.
/// Values: [n/4][64][4 positions]. Positions past n are zero, with scale zero.
template <class Byte>
struct HeadParts {
    HeadParts(Byte* head, size_t n)
        : keys(head),
          values(keys + padded_positions(n) * kHeadSize),
          key_scales(values + padded_positions(n) * kHeadSize),
          value_scales(key_scales + padded_positions(n) * sizeof(float)) {}
    Byte* keys;
    Byte* values;
    Byte* key_scales;    // f32
    Byte* value_scales;  // f32
};

}  // namespace npuscribe::simd
