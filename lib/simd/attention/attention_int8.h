#pragma once
// Attention against keys and values in 8 bits, with one scale for each position's key and one for its value.
// They take half of the memory that bfloat16 takes, and reading them bounds the decoder's cross-attention.
// Queries and probabilities have 15 and 16 bits, as two 8-bit halves, so that only keys and values are
// rounded. The products are AVX-512 VNNI's (u8 × s8, int32 sums, exact). Without VNNI, AVX2 multiplies pairs
// of 16-bit integers, so that queries and weights have 15 bits.
//
// Call these only if can_attend_int8(); on other architectures than x86-64 they throw DeviceError. Whether
// the decoder does: kernels().audio.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix_view.h"
#include "simd/packing.h"

namespace npuscribe::simd {

/// True if this process may call the functions below, but for pack_int8_keys, which needs has_vnni().
bool can_attend_int8();

/// Bytes of one head's keys and values, n positions.
size_t int8_head_bytes(size_t n);

/// Rounds `keys` and `values` [n × 64] f32 into `head`, int8_head_bytes(n) bytes, 64-byte aligned.
void pack_int8_head(MatrixView<const float> keys, MatrixView<const float> values, uint8_t* head);

/// Keys alone, for `attend` of attention.h: [n/16][16 groups of 4 values][16 positions][4], offset by 128,
/// then a scale, f32, a position. Positions past n are zero, with scale zero.
constexpr size_t int8_keys_bytes(size_t n) {
    return lane_blocks(n) * kLaneBlock * (kHeadSize + sizeof(float));
}
/// Rounds `keys` [n × 64] f32 into `out`, int8_keys_bytes(n) bytes, 64-byte aligned.
void pack_int8_keys(MatrixView<const float> keys, uint8_t* out);

/// Floats of scratch that `attend_int8` needs for n positions.
size_t int8_attention_scratch(size_t n);

/// Keys and values of n positions, as pack_int8_head packs them.
struct Int8Head {
    const uint8_t* data = nullptr;
    size_t n = 0;
};

/// out = softmax(q·Kᵀ / 8)·V. `q` and `out` are [rows × 64], strided; they may be the same memory.
void attend_int8(MatrixView<const float> q, const Int8Head& head, MatrixView<float> out,
                 std::span<float> scratch);

/// The weights alone: out = softmax(q·Kᵀ / 8) over the first `first` of the head's n positions. `out` is
/// [rows × first], with room in each row for whole blocks of 16, which are written.
void int8_attention_weights(MatrixView<const float> q, const Int8Head& head, size_t first,
                            MatrixView<float> out);

}  // namespace npuscribe::simd
