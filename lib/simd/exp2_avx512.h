#pragma once
// Intrinsics that the AVX-512 files share. Include inside their target region, and simd/packing.h before it.
// Private to lib/simd.

#include <immintrin.h>

namespace npuscribe::simd {

/// 2^x for x <= 0; a cubic, relative error 8e-5: a thirtieth of the rounding that follows.
inline __m512 exp2_cubic(__m512 x) {
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 f = _mm512_sub_ps(x, whole);
    __m512 p = _mm512_set1_ps(0.055088684F);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.24260405F));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.69327624F));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.99992894F));
    return _mm512_scalef_ps(p, whole);
}

/// Prepares a row of scores for its softmax: those past `n`, up to `padded` (the next whole lane block),
/// become too low to count. Returns the largest in every lane.
inline __m512 largest_score(float* scores, size_t n, size_t padded) {
    if (padded != n) {
        const __mmask16 past = static_cast<__mmask16>(0xFFFFU << (n % kLaneBlock));
        _mm512_mask_storeu_ps(scores + padded - kLaneBlock, past, _mm512_set1_ps(-1e30F));
    }
    __m512 top[4];  // for a maximum waits for the one before it
    for (__m512& t : top) t = _mm512_loadu_ps(scores);
    size_t j = 0;
    for (; j + 4 * kLaneBlock <= padded; j += 4 * kLaneBlock) {
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; ++i)
            top[i] = _mm512_max_ps(top[i], _mm512_loadu_ps(scores + j + i * kLaneBlock));
    }
    for (; j < padded; j += kLaneBlock) top[0] = _mm512_max_ps(top[0], _mm512_loadu_ps(scores + j));
    const __m512 all = _mm512_max_ps(_mm512_max_ps(top[0], top[1]), _mm512_max_ps(top[2], top[3]));
    return _mm512_set1_ps(_mm512_reduce_max_ps(all));
}

}  // namespace npuscribe::simd
