#pragma once
// Rows of 64 values and rows of scores in AVX-512 registers. Private to lib/simd.

#include <immintrin.h>

#include <cstddef>

#include "simd/packing.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512)
namespace npuscribe::simd {

inline float largest_magnitude(const __m512 (&x)[4]) {
    const __m512 top = _mm512_max_ps(_mm512_max_ps(_mm512_abs_ps(x[0]), _mm512_abs_ps(x[1])),
                                     _mm512_max_ps(_mm512_abs_ps(x[2]), _mm512_abs_ps(x[3])));
    return _mm512_reduce_max_ps(top);
}

/// Scales and rounds a row of 64 values to integers of at most `limit` in magnitude; returns the scale that
/// restores them.
inline float round_row(const float* row, float limit, __m512i (&rounded)[4]) {
    __m512 x[4];
    for (size_t i = 0; i < 4; ++i) x[i] = _mm512_loadu_ps(row + i * kLaneBlock);
    const float largest = largest_magnitude(x);
    const float inverse = largest > 0 ? limit / largest : 0.0F;
    for (size_t i = 0; i < 4; ++i)
        rounded[i] = _mm512_cvtps_epi32(_mm512_mul_ps(x[i], _mm512_set1_ps(inverse)));
    return largest / limit;
}

/// 2^x by a cubic in x's fraction, relative error 8e-5: a thirtieth of that of the rounding that follows.
inline __m512 exp2_cubic(__m512 x) {
    const __m512 f = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    __m512 p = _mm512_set1_ps(0.07790716F);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.22623319F));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.69577710F));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.99992783F));
    return _mm512_scalef_ps(p, x);
}

/// Prepares a row of scores for its softmax: scores past `n`, up to `padded` (the end of the lane block),
/// become too low to count. Returns the largest score in every lane.
inline __m512 largest_score(float* scores, size_t n, size_t padded) {
    if (padded != n) {
        const __mmask16 past = static_cast<__mmask16>(0xFFFFU << (n % kLaneBlock));
        _mm512_mask_storeu_ps(scores + padded - kLaneBlock, past, _mm512_set1_ps(-1e30F));
    }
    __m512 top[4];  // four, because each maximum waits for the one before it
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
NPUSCRIBE_TARGET_END
