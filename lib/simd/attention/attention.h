#pragma once
// Attention of one head: a few query rows against packed keys and values. The encoder calls it for blocks of
// its own frames, the decoder for each row against a window's cross-attention keys and values.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix_view.h"
#include "simd/packing.h"

namespace npuscribe::simd {

/// Query rows that are worked on together, by vectors and by AMX's tiles; more are taken in such groups.
inline constexpr size_t kQueryRows = 6;
inline constexpr size_t kTileQueryRows = 32;

/// Elements of packed keys (or of packed values) for n positions of one head.
constexpr size_t packed_head_size(size_t n) {
    return (lane_blocks(n) + 1) / 2 * 2 * kLaneBlock * 64;
}
/// Floats of scratch that AMX's tiles take, for any n: of each query row 64 scores, 64 sums, twice 16 values,
/// and 64 values in bfloat16.
inline constexpr size_t kTileScratch = kTileQueryRows * (64 + 64 + 16 + 16 + 32);
/// Floats of scratch that `attend` needs for n keys: of vectors, two scores a key and query row.
constexpr size_t attention_scratch(size_t n) {
    const size_t vectors = kQueryRows * (2 * (lane_blocks(n) + 1) * kLaneBlock + 64);
    return vectors > kTileScratch ? vectors : kTileScratch;
}

/// `keys` [n × 64] f32 → [n/16][32][16][2] bf16 or [n/16][64][16] f32; positions past n are zero.
void pack_keys(MatrixView<const float> keys, Element element, void* out);
/// `values` [n × 64] f32 → [n/2][64][2] bf16 or [n][64] f32; padded with zeros to an even number of blocks of
/// 16 positions.
void pack_values(MatrixView<const float> values, Element element, void* out);

/// True where `attend` takes keys in 8 bits (pack_int8_keys of attention_int8.h): with AVX-512 BF16 and VNNI.
bool has_int8_keys();
/// True where they halve the time that scores take. AMX's tiles are faster with bfloat16, whose scores need
/// no scaling.
bool int8_keys_are_faster();

struct PackedHead {
    const void* keys = nullptr;
    const void* values = nullptr;
    size_t n = 0;
    Element element = Element::bf16;
    bool int8_keys = false;  // the values are bf16
};

/// out = softmax(q·Kᵀ / 8)·V. `q` and `out` are [rows × 64], strided; they may be the same memory.
/// `scratch`: attention_scratch(head.n) floats. With bf16 elements q and the probabilities are rounded to
/// bfloat16 where the CPU multiplies bfloat16, and q alone elsewhere. With keys in 8 bits each row of q is
/// rounded to 8 bits, too.
void attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
            std::span<float> scratch);

/// The weights alone: out = softmax(q·Kᵀ / 8) over the first n of the packed keys. `out` is [rows × n], with
/// room in each row for whole blocks of 16, which are written. q is rounded as above; the weights are not.
void attention_weights(MatrixView<const float> q, const void* keys, size_t n, Element element,
                       MatrixView<float> out);

/// `attend` for one query row and keys and values that grow by a row a step: plain rows [n × 64], not packed.
/// `scratch`: at least n floats.
void attend_rows(const float* q, const void* keys, const void* values, Element element, size_t n, float* out,
                 std::span<float> scratch);

/// Stores 64 values as one row of such keys or values.
void store_row(const float* values, Element element, void* out);

}  // namespace npuscribe::simd
