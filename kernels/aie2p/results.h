// SPDX-License-Identifier: MIT
#pragma once
// How a core's tile of C leaves it. The sums are 4-byte values in 8 × 8 subtiles, subtiles column-major, in a
// buffer that stays in the core, with 64 more bytes that say how far the tile has left. A result of any kind
// takes their place, from the start of the buffer on, and leaves in pieces of one size, for a DMA's transfers
// have one. The last piece of a tile may end in bytes that mean nothing.

#include "capabilities.h"

namespace npuscribe_results {
// Of this translation unit alone: the host links kernels of several tiles and CPUs into one program.
namespace {

constexpr unsigned kValues = DIM_M * DIM_N;
constexpr unsigned kSubtiles = kValues / 64;
constexpr unsigned kBfp16Bytes = kValues / 8 * 9;
static_assert(kBfp16Bytes % 64 == 0, "whole vectors");

/// A tile in BFP16 is the fewest whole pieces that a descriptor takes as one row, 1023 words. array_plan.py
/// and array_plan.cpp work out the same.
constexpr unsigned piece_bytes() {
    unsigned parts = 1;
    while (kBfp16Bytes % parts != 0 || kBfp16Bytes / parts % 64 != 0 || kBfp16Bytes / parts > 4 * 1023)
        ++parts;
    return kBfp16Bytes / parts;
}
constexpr unsigned kPiece = piece_bytes();

/// What the host asks for, as a run-time parameter.
enum Result : int32_t { kSums = 0, kBf16 = 1, kGeluBfp16 = 2 };

/// Behind the sums: the next byte to leave, and the end.
struct Progress {
    int32_t next, end;
};
template <class T>
inline Progress* progress_of(T* sums) {
    return reinterpret_cast<Progress*>(sums + kValues);
}

template <class T>
inline void leave(T* sums, unsigned bytes) {
    *progress_of(sums) = {0, static_cast<int32_t>(bytes)};
}

/// Copies the next piece to `out`.
template <class T>
inline void put(T* sums, uint8_t* __restrict out) {
    Progress* const progress = progress_of(sums);
    const uint8_t* const from = reinterpret_cast<const uint8_t*>(sums) + progress->next;
    const unsigned left = static_cast<unsigned>(progress->end - progress->next);
    const unsigned bytes = left < kPiece ? left : kPiece;
    NPUSCRIBE_PIPELINED for (unsigned at = 0; at < bytes; at += 64) {
        aie::store_v(out + at, aie::load_v<64>(from + at));
    }
    progress->next += static_cast<int32_t>(bytes);
}

}  // namespace
}  // namespace npuscribe_results
