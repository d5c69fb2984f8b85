#include "simd/matmul/int8_matmul.h"

#include <algorithm>
#include <cassert>

#include "simd/packing.h"

namespace npuscribe::simd {

Int8Panels::Int8Panels(MatrixView<const int8_t> weights)
    : n_(weights.rows),
      k_(weights.cols),
      bytes_(lane_blocks(weights.rows) * kLaneBlock * weights.cols, Pages::huge) {
    assert(k_ % 8 == 0);
    int8_t* to = bytes_.data();
    for (size_t first = 0; first < n_; first += kLaneBlock) {
        for (size_t i = 0; i < k_; i += 4) {
            for (size_t row = first; row < first + kLaneBlock; ++row, to += 4) {
                if (row < n_) {
                    std::copy_n(weights.row(row) + i, 4, to);
                } else {
                    std::fill_n(to, 4, int8_t{0});
                }
            }
        }
    }
}

}  // namespace npuscribe::simd

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/avx2_vectors.h"

NPUSCRIBE_TARGET_BEGIN("avx2,fma")

namespace npuscribe::simd {
namespace {

using avx2::kLanes, avx2::load, avx2::store;

constexpr size_t kVectors = kLaneBlock / kLanes;
constexpr size_t kTileRows = 6;  // their sums of 16 columns take 12 of 16 registers
// Pairs along K whose 16 columns are widened at a time: half of a 32 KB L1 cache.
constexpr size_t kPartPairs = 256;

/// Widens 16 columns: of every four values along K first 0 and 2, then 1 and 3, as the rows have them, too.
void widen_columns(const int8_t* from, size_t pairs, int32_t (*to)[kLaneBlock]) {
    for (size_t p = 0; p < pairs; p += 2, from += 4 * kLaneBlock) {
        for (size_t v = 0; v < kVectors; ++v) {
            const __m256i bytes = load(from + v * sizeof(__m256i));
            store(avx2::widen_even(bytes), to[p] + v * kLanes);
            store(avx2::widen_odd(bytes), to[p + 1] + v * kLanes);
        }
    }
}

void widen_row(const int8_t* from, size_t k, int16_t* to) {
    for (size_t i = 0; i < k; i += 8) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + i));
        const __m128i even = _mm_srai_epi16(_mm_slli_epi16(bytes, 8), 8), odd = _mm_srai_epi16(bytes, 8);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm_unpacklo_epi32(even, odd));
    }
}

/// Some pairs along K of all rows, times 16 columns.
struct Work {
    const int16_t* x;  // the first pair of the first row
    size_t stride;     // from a row to the next
    const int32_t (*columns)[kLaneBlock];
    size_t pairs;
    MatrixView<int32_t> sums;  // 16 columns, or 8
    bool first_part;
};

/// kRows rows from row `row` on. Not inlined, because its loop needs every register.
template <size_t kRows>
[[gnu::noinline]] void multiply_rows(const Work& work, size_t row) {
    const int16_t* x = work.x + row * work.stride;
    __m256i sum[kRows][kVectors];
#pragma GCC unroll 6
    for (size_t r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    for (size_t p = 0; p < work.pairs; ++p, x += 2) {
        const __m256i columns[kVectors] = {load(work.columns[p]), load(work.columns[p] + kLanes)};
#pragma GCC unroll 6
        for (size_t r = 0; r < kRows; ++r) {
            const __m256i pair = avx2::broadcast_pair(x + r * work.stride);
            sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(pair, columns[0]));
            sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(pair, columns[1]));
            avx2::keep_in_registers(sum[r][0], sum[r][1]);
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
        for (size_t v = 0; v < kVectors; ++v) {
            if (v * kLanes >= work.sums.cols) continue;
            int32_t* to = work.sums.row(row + r) + v * kLanes;
            store(work.first_part ? sum[r][v] : _mm256_add_epi32(sum[r][v], load(to)), to);
        }
    }
}

void multiply_part(const Work& work) {
    size_t row = 0;
    for (; row + kTileRows <= work.sums.rows; row += kTileRows) multiply_rows<kTileRows>(work, row);
    switch (work.sums.rows - row) {
        case 1:
            return multiply_rows<1>(work, row);
        case 2:
            return multiply_rows<2>(work, row);
        case 3:
            return multiply_rows<3>(work, row);
        case 4:
            return multiply_rows<4>(work, row);
        case 5:
            return multiply_rows<5>(work, row);
        default:
            return;
    }
}

}  // namespace

void multiply_int8(MatrixView<const int8_t> x, const Int8Panels& weights, MatrixView<int32_t> sums,
                   int16_t* scratch) {
    assert(x.cols == weights.k() && x.cols < size_t{1} << 17 && sums.rows == x.rows &&
           sums.cols == weights.n() && sums.cols % kLanes == 0);
    alignas(64) int32_t columns[kPartPairs][kLaneBlock];
    const size_t k = x.cols;
    for (size_t r = 0; r < x.rows; ++r) widen_row(x.row(r), k, scratch + r * k);
    for (size_t col = 0; col < sums.cols; col += kLaneBlock) {
        const int8_t* from = weights.data() + col * k;
        const auto part = sums.cols_from(col, std::min(kLaneBlock, sums.cols - col));
        for (size_t pair = 0; pair < k / 2; pair += kPartPairs) {
            const size_t pairs = std::min(kPartPairs, k / 2 - pair);
            widen_columns(from + pair * 2 * kLaneBlock, pairs, columns);
            multiply_part({scratch + 2 * pair, k, columns, pairs, part, pair == 0});
        }
    }
}

}  // namespace npuscribe::simd

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd {

void multiply_int8(MatrixView<const int8_t>, const Int8Panels&, MatrixView<int32_t>, int16_t*) {
    refuse_kernel("a product of 8-bit integers as 16-bit integers", "AVX2");
}

}  // namespace npuscribe::simd

#endif
