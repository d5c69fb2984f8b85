#pragma once
// Rounding to BFP16 blocks, two of them in an AVX-512 register. Private to lib/simd.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "bfp16/block.h"
#include "simd/packing.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512)
namespace npuscribe::simd {

/// The lanes of lane block `vector` that belong to the first `cols` columns.
inline __mmask16 lanes_of(size_t cols, size_t vector) {
    const size_t first = vector * kLaneBlock;
    if (cols >= first + kLaneBlock) return 0xFFFF;
    return cols <= first ? __mmask16(0) : static_cast<__mmask16>((1U << (cols - first)) - 1);
}

inline __m512i magnitudes_of(__m512 values) {
    return _mm512_and_si512(_mm512_castps_si512(values), _mm512_set1_epi32(0x7FFFFFFF));
}

/// The largest of the 8 magnitudes of either block, in every lane of its block.
inline __m512i largest_of_blocks(__m512i magnitudes) {
    __m512i largest = _mm512_max_epi32(magnitudes, _mm512_shuffle_epi32(magnitudes, _MM_PERM_CDAB));
    largest = _mm512_max_epi32(largest, _mm512_shuffle_epi32(largest, _MM_PERM_BADC));
    return _mm512_max_epi32(largest, _mm512_permutex_epi64(largest, 0x4E));
}

/// Values plus 1.5·2^23 units of their mantissas, as bits. `bits` − `base`, subtracted as integers, are the
/// mantissas, −128 to 128; subtracted as floats, the rounded values.
struct RoundedBlocks {
    __m512i bits, base;
    __m512i exponents;  // of their blocks, as bits of a float
};

template <bfp16::Rounding kRounding>
inline RoundedBlocks round_blocks(__m512 values, __m512i largest) {
    const __m512i exponents = _mm512_and_si512(largest, _mm512_set1_epi32(0x7F800000));
    // Adding the base makes the adder round to a unit, to nearest even.
    const __m512i base = _mm512_add_epi32(exponents, _mm512_set1_epi32((17 << 23) + 0x400000));
    const __m512 sum = _mm512_add_ps(values, _mm512_castsi512_ps(base));
    __m512i bits = _mm512_castps_si512(sum);
    if constexpr (kRounding == bfp16::Rounding::floor) {
        const __mmask16 above =
            _mm512_cmp_ps_mask(_mm512_sub_ps(sum, _mm512_castsi512_ps(base)), values, _CMP_GT_OQ);
        bits = _mm512_mask_sub_epi32(bits, above, bits, _mm512_set1_epi32(1));
    }
    return {bits, base, exponents};
}

/// Rounds to BFP16; returns the values' bfloat16 bits in the lower half of each lane.
template <bfp16::Rounding kRounding>
inline __m512i bf16_of_blocks(__m512 values, __m512i largest) {
    auto [bits, base, exponents] = round_blocks<kRounding>(values, largest);
    if constexpr (kRounding == bfp16::Rounding::nearest_even)
        bits = _mm512_min_epi32(bits, _mm512_add_epi32(base, _mm512_set1_epi32(127)));
    const __m512 rounded = _mm512_sub_ps(_mm512_castsi512_ps(bits), _mm512_castsi512_ps(base));
    return _mm512_srli_epi32(_mm512_castps_si512(rounded), 16);
}

/// Rounds 32 values, four blocks, and stores them in bfloat16, `low` first. Returns their largest magnitudes.
template <bfp16::Rounding kRounding>
inline __m512i put_bf16_blocks(__m512 low, __m512 high, uint8_t* to) {
    // Each quarter of `largest`: in lanes 0 and 2 that of a block of `low`, in lanes 1 and 3 of `high`.
    const __m512i of_low = magnitudes_of(low), of_high = magnitudes_of(high);
    __m512i largest =
        _mm512_max_epi32(_mm512_unpacklo_epi32(of_low, of_high), _mm512_unpackhi_epi32(of_low, of_high));
    largest = _mm512_max_epi32(largest, _mm512_shuffle_epi32(largest, _MM_PERM_BADC));
    largest = _mm512_max_epi32(largest, _mm512_permutex_epi64(largest, 0x4E));
    const __m512i bits_low = bf16_of_blocks<kRounding>(low, _mm512_shuffle_epi32(largest, _MM_PERM_CCAA));
    const __m512i bits_high = bf16_of_blocks<kRounding>(high, _mm512_shuffle_epi32(largest, _MM_PERM_DDBB));
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);  // packed by quarters
    _mm512_store_si512(to, _mm512_permutexvar_epi64(order, _mm512_packus_epi32(bits_low, bits_high)));
    return largest;
}

/// True if round_blocks cannot place one of these magnitudes.
inline bool too_large(__m512i magnitudes) {
    return static_cast<uint32_t>(_mm512_reduce_max_epi32(magnitudes)) >= bfp16::kMagnitudeLimitBits;
}

}  // namespace npuscribe::simd
NPUSCRIBE_TARGET_END
