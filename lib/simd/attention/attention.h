#pragma once
// Attention of one head: query rows against packed keys and values. The encoder calls it for blocks of its
// own frames, the decoder for the rows of a step against a window's cross-attention keys and values.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix_view.h"
#include "simd/packing.h"

namespace npuscribe::simd {

/// Query rows that vector kernels, and AMX's tiles, work on together. More rows are taken in such groups.
inline constexpr size_t kQueryRows = 6;
inline constexpr size_t kTileQueryRows = 32;

/// Elements of packed keys (or of packed values) for n positions of one head.
constexpr size_t packed_head_size(size_t n) {
    return (lane_blocks(n) + 1) / 2 * 2 * kLaneBlock * kHeadSize;
}
/// Floats of scratch that AMX's tiles need, for any n: for each query row 64 scores, 64 sums, twice 16
/// values, and 64 values in bfloat16.
inline constexpr size_t kTileScratch = kTileQueryRows * (64 + 64 + 16 + 16 + 32);
/// Query rows that share keys and values expanded to floats, and how many of these are expanded at a time:
/// both parts together fill half of a 32 KB L1 cache.
inline constexpr size_t kFloatQueryRows = 96;
inline constexpr size_t kFloatKeys = 32;
/// Floats of scratch that this needs for n keys: keys, values, for each query row its scaled values and 16
/// partial sums, the probabilities of 12 rows, and the scores of one.
constexpr size_t float_attention_scratch(size_t n) {
    return 2 * kFloatKeys * kHeadSize + kFloatQueryRows * (kHeadSize + kLaneBlock) + 12 * kFloatKeys +
           (lane_blocks(n) + 1) * kLaneBlock;
}
/// Floats of scratch that `attend` needs for n keys: vector kernels take two scores a key and query row.
constexpr size_t attention_scratch(size_t n) {
    const size_t vectors = kQueryRows * (2 * (lane_blocks(n) + 1) * kLaneBlock + kHeadSize);
    return std::max({vectors, kTileScratch, float_attention_scratch(n)});
}

/// `keys` [n × 64] f32 → [n/16][32][16][2] bf16 or [n/16][64][16] f32; positions past n are zero.
void pack_keys(MatrixView<const float> keys, Element element, void* out);
/// `values` [n × 64] f32 → [n/2][64][2] bf16 or [n][64] f32; padded with zeros to an even number of blocks of
/// 16 positions.
void pack_values(MatrixView<const float> values, Element element, void* out);

/// Keys and values of n positions, packed as above.
struct PackedHead {
    const void* keys = nullptr;
    const void* values = nullptr;
    size_t n = 0;
    Element element = Element::bf16;
    /// Keys are in 8 bits (pack_int8_keys of attention_int8.h), values in bf16. This needs AVX-512 BF16 and
    /// VNNI: isa() >= Isa::bf16 and has_vnni().
    bool int8_keys = false;
};

/// out = softmax(q·Kᵀ / 8)·V. `q` and `out` are [rows × 64], strided; they may be the same memory.
/// `scratch`: attention_scratch(head.n) floats. With bf16 elements q and the probabilities are rounded to
/// bfloat16 if the CPU multiplies bfloat16, and only q if it does not; with AVX2 and many rows q and the keys
/// are rounded to 13 bits. With keys in 8 bits each row of q is rounded to 8 bits, too.
void attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
            std::span<float> scratch);

/// The weights alone: out = softmax(q·Kᵀ / 8) over the first n of the packed keys. `out` is [rows × n], with
/// room in each row for whole blocks of 16, which are written. q is rounded as above; the weights are not.
void attention_weights(MatrixView<const float> q, const void* keys, size_t n, Element element,
                       MatrixView<float> out);

/// Keys and values that grow by a row each step: plain rows of 64 values in bf16 or f32, not packed.
struct HeadRows {
    const void* keys = nullptr;
    const void* values = nullptr;
    size_t n = 0;
    Element element = Element::bf16;
    const size_t* rows =
        nullptr;  // which row of both each of the n positions has; null: the first n, in order
};

/// `attend` for one query row: `q` and `out` have 64 values and may be the same memory. `scratch`: n
/// floats, rounded up to whole blocks of 16.
void attend_rows(const float* q, const HeadRows& head, float* out, std::span<float> scratch);

/// Stores 64 values as one row of such keys or values.
void store_row(const float* values, Element element, void* out);

}  // namespace npuscribe::simd
