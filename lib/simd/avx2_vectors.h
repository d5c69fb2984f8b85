#pragma once
// Vectors of AVX2 that multiply pairs of 16-bit integers (vpmaddwd), and the exponential function of
// attention. Private to lib/simd; for x86-64 alone.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN("avx2,fma")
namespace npuscribe::simd::avx2 {

inline constexpr size_t kLanes = 8;  // floats, or pairs, side by side in a register

inline __m256i load(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
inline void store(__m256i values, void* to) {
    _mm256_storeu_si256(static_cast<__m256i*>(to), values);
}

/// Bytes 0 and 2, and 1 and 3, of every four, widened to a pair.
inline __m256i widen_even(__m256i bytes) {
    return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
}
inline __m256i widen_odd(__m256i bytes) {
    return _mm256_srai_epi16(bytes, 8);
}

inline __m256i broadcast_pair(const int16_t* pair) {
    int32_t bits;
    std::memcpy(&bits, pair, sizeof bits);
    return _mm256_set1_epi32(bits);
}

/// Keeps sums where they are: g++ 12 would move products about, and with them some sums to memory.
inline void keep_in_registers(__m256i& first, __m256i& second) {
    asm("" : "+x"(first), "+x"(second));
}

/// 2^x by the cubic of avx512_rows.h; from −126 on, below that of the limit.
inline __m256 exp2_cubic(__m256 x) {
    x = _mm256_max_ps(x, _mm256_set1_ps(-126.0F));
    const __m256 whole = _mm256_floor_ps(x), f = _mm256_sub_ps(x, whole);
    __m256 p = _mm256_set1_ps(0.07790716F);
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0.22623319F));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0.69577710F));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0.99992783F));
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(whole), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
}

}  // namespace npuscribe::simd::avx2
NPUSCRIBE_TARGET_END
