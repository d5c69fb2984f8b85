#pragma once
// Rounding to BFP16 blocks, two of them a vector. Include inside a target region with avx512f and avx512dq.
// Private to lib/simd.

#include <immintrin.h>

#include "bfp16/block.h"

namespace npuscribe::simd {

/// Bits of the smallest magnitude that round_blocks cannot place, 2^111; Inf and NaN are above it.
inline constexpr uint32_t kFirstTooLarge = 238U << 23;

inline __m512i magnitudes_of(__m512 values) {
    return _mm512_and_si512(_mm512_castps_si512(values), _mm512_set1_epi32(0x7FFFFFFF));
}

/// The largest of the 8 magnitudes of either block, in every lane of its block.
inline __m512i largest_of_blocks(__m512i magnitudes) {
    __m512i largest = _mm512_max_epi32(magnitudes, _mm512_shuffle_epi32(magnitudes, _MM_PERM_CDAB));
    largest = _mm512_max_epi32(largest, _mm512_shuffle_epi32(largest, _MM_PERM_BADC));
    return _mm512_max_epi32(largest, _mm512_permutex_epi64(largest, 0x4E));
}

/// Values on top of 1.5·2^23 units of their mantissas, as bits: `bits` − `base` are mantissas as integers,
/// −128 to 128, and as floats the values that these stand for.
struct RoundedBlocks {
    __m512i bits, base;
    __m512i exponents;  // of their blocks, as bits of a float
};

template <bfp16::Rounding kRounding>
inline RoundedBlocks round_blocks(__m512 values, __m512i largest) {
    const __m512i exponents = _mm512_and_si512(largest, _mm512_set1_epi32(0x7F800000));
    // Adding the base rounds to a unit, to nearest even, in the adder itself.
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

}  // namespace npuscribe::simd
