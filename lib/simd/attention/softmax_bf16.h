#pragma once
// The parts that attention in bfloat16 on AVX-512 BF16 and on AMX share. Private to lib/simd.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/attention/avx512_rows.h"
#include "simd/packing.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512bf16")
namespace npuscribe::simd {

/// Rounds the 64 values of a query to bfloat16, scaled so that its products are scores in units of log2.
inline void round_scaled_query(const float* q, void* out) {
    for (size_t i = 0; i < kHeadSize; i += kLaneBlock) {
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(q + i), _mm512_set1_ps(kScoreScale));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(static_cast<uint16_t*>(out) + i),
                            reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(scaled)));
    }
}

/// Turns a row's scores into bfloat16 probabilities, not yet divided by their sum; returns 1 / sum. The
/// probabilities may be written over the scores.
inline float softmax_row(float* scores, size_t n, size_t padded, uint16_t* probabilities) {
    const __m512 largest = largest_score(scores, n, padded);
    const auto probability = [&](size_t j) {
        return exp2_cubic(_mm512_sub_ps(_mm512_loadu_ps(scores + j), largest));
    };
    __m512 sum = _mm512_setzero_ps();
    size_t j = 0;
    for (; j + 2 * kLaneBlock <= padded; j += 2 * kLaneBlock) {
        const __m512 p = probability(j);
        const __m512 next = probability(j + kLaneBlock);
        sum = _mm512_add_ps(sum, _mm512_add_ps(p, next));
        _mm512_storeu_si512(probabilities + j, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(next, p)));
    }
    if (j < padded) {
        const __m512 p = probability(j);
        sum = _mm512_add_ps(sum, p);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(probabilities + j),
                            reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(p)));
    }
    return 1.0F / _mm512_reduce_add_ps(sum);
}

}  // namespace npuscribe::simd
NPUSCRIBE_TARGET_END
