#include "simd/bf16_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/packing.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512bf16")

namespace npuscribe::simd::avx512_bf16 {
namespace {

inline __m512bh as_bf16(__m512i bits) {
    return reinterpret_cast<__m512bh>(bits);
}

inline __m512bh broadcast_pair(const uint16_t* pair) {
    int bits;
    __builtin_memcpy(&bits, pair, sizeof bits);
    return as_bf16(_mm512_set1_epi32(bits));
}

struct Output {
    const float* bias;
    bool accumulate;
    float* y;
    size_t y_stride;
    size_t n;
};

inline void store(__m512 sum, size_t column, size_t row, const Output& to) {
    const size_t left = to.n - column;
    const __mmask16 mask = left >= kLaneBlock ? __mmask16(0xFFFF) : static_cast<__mmask16>((1U << left) - 1);
    float* y = to.y + row * to.y_stride + column;
    if (to.bias != nullptr) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, to.bias + column));
    if (to.accumulate) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, y));
    _mm512_mask_storeu_ps(y, mask, sum);
}

/// kRows rows against kBlocks blocks of 16 features. Few rows take several blocks at once, to keep enough
/// independent sums in flight and several streams of weights coming in.
template <size_t kRows, size_t kBlocks>
inline void tile(const uint16_t* weights, size_t k, const uint16_t* x, size_t column, size_t row,
                 const Output& to) {
    __m512 sum[kRows][kBlocks];
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) sum[r][b] = _mm512_setzero_ps();
    }
    for (size_t i = 0; i < k; i += 2) {
        __m512bh weight[kBlocks];
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b)
            weight[b] = as_bf16(_mm512_loadu_si512(weights + (b * k + i) * kLaneBlock));
#pragma GCC unroll 8
        for (size_t r = 0; r < kRows; ++r) {
            const __m512bh pair = broadcast_pair(x + r * k + i);
#pragma GCC unroll 8
            for (size_t b = 0; b < kBlocks; ++b) sum[r][b] = _mm512_dpbf16_ps(sum[r][b], weight[b], pair);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) store(sum[r][b], column + b * kLaneBlock, row + r, to);
    }
}

template <size_t kBlocks>
inline void rows_of(const uint16_t* weights, size_t k, const uint16_t* x, size_t m, size_t column,
                    const Output& to) {
    size_t row = 0;
    for (; row + 8 <= m; row += 8) {
        if constexpr (kBlocks == 4) {  // 8 × 2 sums at a time: 8 × 4 would not fit
            tile<8, 2>(weights, k, x + row * k, column, row, to);
            tile<8, 2>(weights + 2 * k * kLaneBlock, k, x + row * k, column + 2 * kLaneBlock, row, to);
        } else {
            tile<8, kBlocks>(weights, k, x + row * k, column, row, to);
        }
    }
    const uint16_t* rest = x + row * k;
    switch (m - row) {
        case 7:
        case 6:
        case 5:
            tile<4, kBlocks>(weights, k, rest, column, row, to);
            row += 4;
            rest += 4 * k;
            break;
        case 4:
            return tile<4, kBlocks>(weights, k, rest, column, row, to);
        default:
            break;
    }
    switch (m - row) {
        case 3:
            return tile<3, kBlocks>(weights, k, rest, column, row, to);
        case 2:
            return tile<2, kBlocks>(weights, k, rest, column, row, to);
        case 1:
            return tile<1, kBlocks>(weights, k, rest, column, row, to);
        default:
            break;
    }
}

}  // namespace

void project(const uint16_t* weights, size_t k, size_t first, size_t blocks, const uint16_t* x, size_t m,
             const float* bias, bool accumulate, float* y, size_t y_stride, size_t n) {
    const Output to{bias, accumulate, y, y_stride, n};
    size_t block = first;
    const size_t end = first + blocks;
    for (; block + 4 <= end; block += 4)
        rows_of<4>(weights + block * k * kLaneBlock, k, x, m, block * kLaneBlock, to);
    for (; block < end; ++block)
        rows_of<1>(weights + block * k * kLaneBlock, k, x, m, block * kLaneBlock, to);
}

}  // namespace npuscribe::simd::avx512_bf16

NPUSCRIBE_TARGET_END

#endif
