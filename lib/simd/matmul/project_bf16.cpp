#include "simd/matmul/project_bf16.h"

#if defined(__x86_64__)

#include <immintrin.h>

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

inline void store(__m512 sum, size_t column, size_t row, const MatmulOutput& to) {
    const size_t left = to.y.cols - column;
    const __mmask16 mask = left >= kLaneBlock ? __mmask16(0xFFFF) : static_cast<__mmask16>((1U << left) - 1);
    float* y = to.y.row(row) + column;
    if (to.bias != nullptr) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, to.bias + column));
    if (to.accumulate) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, y));
    _mm512_mask_storeu_ps(y, mask, sum);
}

/// Multiplies kRows rows by kBlocks blocks of 16 features. Few rows are multiplied by several blocks at once,
/// to keep enough independent sums and several streams of weights in flight.
template <size_t kRows, size_t kBlocks>
inline void tile(const uint16_t* weights, const MatrixView<const uint16_t>& rows, size_t column, size_t row,
                 const MatmulOutput& to) {
    const size_t k = rows.cols;
    const uint16_t* x = rows.row(row);
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
inline void multiply_rows(const uint16_t* weights, const MatrixView<const uint16_t>& x, size_t column,
                          const MatmulOutput& to) {
    const size_t m = x.rows;
    size_t row = 0;
    for (; row + 8 <= m; row += 8) {
        if constexpr (kBlocks == 4) {  // 8 × 2 sums at a time: 8 × 4 would not fit
            tile<8, 2>(weights, x, column, row, to);
            tile<8, 2>(weights + 2 * x.cols * kLaneBlock, x, column + 2 * kLaneBlock, row, to);
        } else {
            tile<8, kBlocks>(weights, x, column, row, to);
        }
    }
    if (m - row >= 4) {
        tile<4, kBlocks>(weights, x, column, row, to);
        row += 4;
    }
    switch (m - row) {
        case 3:
            return tile<3, kBlocks>(weights, x, column, row, to);
        case 2:
            return tile<2, kBlocks>(weights, x, column, row, to);
        case 1:
            return tile<1, kBlocks>(weights, x, column, row, to);
        default:
            break;
    }
}

}  // namespace

void project(const PackedMatrix& w, const MatrixView<const uint16_t>& x, LaneBlocks blocks,
             const MatmulOutput& out) {
    const auto* weights = reinterpret_cast<const uint16_t*>(w.data());
    const size_t block_size = w.k() * kLaneBlock;
    size_t block = blocks.first;
    const size_t end = blocks.first + blocks.count;
    for (; block + 4 <= end; block += 4)
        multiply_rows<4>(weights + block * block_size, x, block * kLaneBlock, out);
    for (; block < end; ++block) multiply_rows<1>(weights + block * block_size, x, block * kLaneBlock, out);
}

}  // namespace npuscribe::simd::avx512_bf16

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::avx512_bf16 {

void project(const PackedMatrix&, const MatrixView<const uint16_t>&, LaneBlocks, const MatmulOutput&) {
    refuse_kernel("a product of bfloat16", "AVX-512 BF16");
}

}  // namespace npuscribe::simd::avx512_bf16

#endif
