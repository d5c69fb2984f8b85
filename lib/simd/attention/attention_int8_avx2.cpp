#include "simd/attention/attention_int8_avx2.h"

#include <algorithm>

#include "simd/attention/int8_head.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/avx2_vectors.h"

// Keys and values are widened to 16 bits in registers, where vpmaddwd adds the products of two pairs: of
// values 0 and 2, and of 1 and 3, of every four bytes, because a mask and a shift then widen them. Queries
// and weights have 15 bits and lie in the same order. A score's 64 products stay below 2^28, and the sums of
// 64 positions' values below 2^29.

NPUSCRIBE_TARGET_BEGIN("avx2,fma")

namespace npuscribe::simd::avx2 {
namespace {

constexpr size_t kParts = kHeadSize / kLanes;  // of a row
constexpr size_t kGroups = kHeadSize / 4;      // of four values, one dword
/// Rows whose sums are in registers at once.
constexpr size_t kMostRows = 2;

inline float largest_of(__m256 x) {
    __m128 top = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    top = _mm_max_ps(top, _mm_movehl_ps(top, top));
    return _mm_cvtss_f32(_mm_max_ss(top, _mm_movehdup_ps(top)));
}
inline float sum_of(__m256 x) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

/// As round_row of avx512_rows.h.
inline float round_row(const float* row, float limit, __m256i (&rounded)[kParts]) {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    __m256 top = _mm256_setzero_ps();
    for (size_t i = 0; i < kParts; ++i)
        top = _mm256_max_ps(top, _mm256_andnot_ps(sign, _mm256_loadu_ps(row + i * kLanes)));
    const float largest = largest_of(top);
    const __m256 inverse = _mm256_set1_ps(largest > 0 ? limit / largest : 0.0F);
    for (size_t i = 0; i < kParts; ++i)
        rounded[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(row + i * kLanes), inverse));
    return largest / limit;
}

void pack_keys(MatrixView<const float> keys, uint8_t* out, float* scales) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);  // after packing by halves
    const __m256i offset = _mm256_set1_epi8(static_cast<char>(128));
    for (size_t t = 0; t < padded_positions(keys.rows); ++t) {
        __m256i rounded[kParts] = {};
        scales[t] = t < keys.rows ? round_row(keys.row(t), 127.0F, rounded) : 0.0F;
        uint32_t dwords[kGroups];
        for (size_t half = 0; half < 2; ++half) {
            const __m256i* from = rounded + 4 * half;
            const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(from[0], from[1]),
                                                     _mm256_packs_epi32(from[2], from[3]));
            store(_mm256_xor_si256(_mm256_permutevar8x32_epi32(bytes, order), offset),
                  dwords + half * kGroups / 2);
        }
        uint32_t* block = reinterpret_cast<uint32_t*>(out) + t / kLaneBlock * kGroups * kLaneBlock;
        for (size_t g = 0; g < kGroups; ++g) block[g * kLaneBlock + t % kLaneBlock] = dwords[g];
    }
}

void pack_values(MatrixView<const float> values, uint8_t* out, float* scales) {
    const __m256i low_byte = _mm256_set1_epi32(0xFF);
    for (size_t t = 0; t < padded_positions(values.rows); t += 4, out += 4 * kHeadSize) {
        __m256i rows[4][kParts] = {};
        for (size_t j = 0; j < 4; ++j)
            scales[t + j] = t + j < values.rows ? round_row(values.row(t + j), 127.0F, rows[j]) : 0.0F;
        for (size_t i = 0; i < kParts; ++i) {
            __m256i bytes = _mm256_and_si256(rows[0][i], low_byte);
            bytes = _mm256_or_si256(bytes, _mm256_slli_epi32(_mm256_and_si256(rows[1][i], low_byte), 8));
            bytes = _mm256_or_si256(bytes, _mm256_slli_epi32(_mm256_and_si256(rows[2][i], low_byte), 16));
            bytes = _mm256_or_si256(bytes, _mm256_slli_epi32(rows[3][i], 24));
            store(bytes, out + i * sizeof(bytes));
        }
    }
}

/// 16 numbers from two vectors of int32, each four of them in the order 0, 2, 1, 3.
inline __m256i in_pairs(__m256i first, __m256i second) {
    const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,  //
                                           0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
    return _mm256_shuffle_epi8(words, order);
}

/// A query in 15 bits, and what the keys' offset adds to every sum.
struct Query {
    int16_t pairs[kHeadSize];
    int32_t offset;
    float scale;
};

inline void round_query(const float* row, Query& query) {
    __m256i rounded[kParts];
    query.scale = round_row(row, 127.0F * 128.0F, rounded) * kScoreScale;
    __m256i sum = _mm256_setzero_si256();
    for (size_t i = 0; i < kParts; i += 2) {
        store(in_pairs(rounded[i], rounded[i + 1]), query.pairs + i * kLanes);
        sum = _mm256_add_epi32(sum, _mm256_add_epi32(rounded[i], rounded[i + 1]));
    }
    int32_t sums[kLanes], all = 0;
    store(sum, sums);
    for (const int32_t s : sums) all += s;
    query.offset = -128 * all;
}

/// Computes scores, in units of log2, for `kBlocks` blocks of 16 positions.
template <size_t kRows, size_t kBlocks>
inline void score_blocks(const Query* queries, const uint8_t* keys, const float* key_scales, float* scores,
                         size_t stride) {
    constexpr size_t kVectors = kBlocks * kLaneBlock / kLanes;
    const __m256i low_byte = _mm256_set1_epi16(0xFF);
    __m256i sum[kRows][kVectors];
#pragma GCC unroll 2
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t v = 0; v < kVectors; ++v) sum[r][v] = _mm256_set1_epi32(queries[r].offset);
    }
    for (size_t g = 0; g < kGroups; ++g) {
#pragma GCC unroll 4
        for (size_t v = 0; v < kVectors; ++v) {
            const __m256i key = load(keys + (v / 2 * kGroups + g) * 64 + v % 2 * sizeof(__m256i));
            const __m256i even = _mm256_and_si256(key, low_byte), odd = _mm256_srli_epi16(key, 8);
#pragma GCC unroll 2
            for (size_t r = 0; r < kRows; ++r) {
                const int16_t* pairs = queries[r].pairs + 4 * g;
                sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(even, broadcast_pair(pairs)));
                sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(odd, broadcast_pair(pairs + 2)));
            }
        }
    }
#pragma GCC unroll 2
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t v = 0; v < kVectors; ++v) {
            const __m256 scale =
                _mm256_mul_ps(_mm256_loadu_ps(key_scales + v * kLanes), _mm256_set1_ps(queries[r].scale));
            _mm256_storeu_ps(scores + r * stride + v * kLanes,
                             _mm256_mul_ps(_mm256_cvtepi32_ps(sum[r][v]), scale));
        }
    }
}

/// Computes the scores of the first `positions` positions, a multiple of 16.
void score_all(const Query* queries, size_t rows, const HeadParts<const uint8_t>& parts, size_t positions,
               float* scores, size_t stride) {
    const float* key_scales = reinterpret_cast<const float*>(parts.key_scales);
    for (size_t first = 0; first < positions; first += kPassPositions) {
        fetch_ahead(parts.keys + first * kHeadSize);
        const size_t end = std::min(positions, first + kPassPositions);
        size_t r = 0;
        for (; r + kMostRows <= rows; r += kMostRows) {
            for (size_t j = first; j < end; j += kLaneBlock)
                score_blocks<kMostRows, 1>(queries + r, parts.keys + j * kHeadSize, key_scales + j,
                                           scores + r * stride + j, stride);
        }
        if (r == rows) continue;
        size_t j = first;
        for (; j + 2 * kLaneBlock <= end; j += 2 * kLaneBlock)
            score_blocks<1, 2>(queries + r, parts.keys + j * kHeadSize, key_scales + j,
                               scores + r * stride + j, stride);
        for (; j < end; j += kLaneBlock)
            score_blocks<1, 1>(queries + r, parts.keys + j * kHeadSize, key_scales + j,
                               scores + r * stride + j, stride);
    }
}

/// As largest_score of avx512_rows.h.
inline __m256 largest_score(float* scores, size_t n, size_t padded) {
    std::fill(scores + n, scores + padded, -1e30F);
    __m256 first = _mm256_loadu_ps(scores), second = first;
    for (size_t j = 0; j < padded; j += kLaneBlock) {
        first = _mm256_max_ps(first, _mm256_loadu_ps(scores + j));
        second = _mm256_max_ps(second, _mm256_loadu_ps(scores + j + kLanes));
    }
    return _mm256_set1_ps(largest_of(_mm256_max_ps(first, second)));
}

/// Turns scores into weights of the values, in 15 bits. Returns the value of one unit of weight.
float weigh(float* scores, size_t n, size_t padded, const float* value_scales, int16_t* weights) {
    const __m256 largest = largest_score(scores, n, padded);
    __m256 sum = _mm256_setzero_ps(), heaviest = _mm256_setzero_ps();
    for (size_t j = 0; j < padded; j += kLanes) {
        const __m256 p = exp2_cubic(_mm256_sub_ps(_mm256_loadu_ps(scores + j), largest));
        const __m256 weight = _mm256_mul_ps(p, _mm256_loadu_ps(value_scales + j));
        sum = _mm256_add_ps(sum, p);
        heaviest = _mm256_max_ps(heaviest, weight);
        _mm256_storeu_ps(scores + j, weight);
    }
    const float heaviest_weight = largest_of(heaviest);
    constexpr float kMost = 32767.0F;
    const __m256 inverse = _mm256_set1_ps(heaviest_weight > 0 ? kMost / heaviest_weight : 0.0F);
    const auto rounded = [&](size_t j) {
        return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(scores + j), inverse));
    };
    for (size_t j = 0; j < padded; j += kLaneBlock)
        store(in_pairs(rounded(j), rounded(j + kLanes)), weights + j);
    return heaviest_weight / kMost / sum_of(sum);
}

/// Adds the products of kRows rows of weights, `stride` apart, with the values of `positions` positions, a
/// multiple of 4, to `sums`.
template <size_t kRows>
void add_values(const uint8_t* values, size_t positions, const int16_t* weights, size_t stride,
                float (*sums)[kHeadSize]) {
    constexpr size_t kVectors = kParts / kRows;  // of columns at once: 8 sums
    for (size_t part = 0; part < kParts; part += kVectors) {
        __m256i sum[kRows][kVectors];
#pragma GCC unroll 2
        for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
            for (size_t v = 0; v < kVectors; ++v) sum[r][v] = _mm256_setzero_si256();
        }
        for (size_t j = 0; j < positions; j += 4) {
            __m256i first[kRows], second[kRows];
#pragma GCC unroll 2
            for (size_t r = 0; r < kRows; ++r) {
                first[r] = broadcast_pair(weights + r * stride + j);
                second[r] = broadcast_pair(weights + r * stride + j + 2);
            }
#pragma GCC unroll 8
            for (size_t v = 0; v < kVectors; ++v) {
                const __m256i value = load(values + j * kHeadSize + (part + v) * sizeof(__m256i));
                const __m256i even = widen_even(value), odd = widen_odd(value);
#pragma GCC unroll 2
                for (size_t r = 0; r < kRows; ++r) {
                    sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(even, first[r]));
                    sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(odd, second[r]));
                }
            }
        }
#pragma GCC unroll 2
        for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
            for (size_t v = 0; v < kVectors; ++v) {
                float* to = sums[r] + (part + v) * kLanes;
                _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), _mm256_cvtepi32_ps(sum[r][v])));
            }
        }
    }
}

/// Turns a row's scores into their softmax.
void softmax(float* scores, size_t n, size_t padded) {
    const __m256 largest = largest_score(scores, n, padded);
    __m256 sum = _mm256_setzero_ps();
    for (size_t j = 0; j < padded; j += kLanes) {
        const __m256 p = exp2_cubic(_mm256_sub_ps(_mm256_loadu_ps(scores + j), largest));
        sum = _mm256_add_ps(sum, p);
        _mm256_storeu_ps(scores + j, p);
    }
    const __m256 inverse = _mm256_set1_ps(1.0F / sum_of(sum));
    for (size_t j = 0; j < padded; j += kLanes)
        _mm256_storeu_ps(scores + j, _mm256_mul_ps(_mm256_loadu_ps(scores + j), inverse));
}

}  // namespace

void pack_int8_head(MatrixView<const float> keys, MatrixView<const float> values, uint8_t* head) {
    const HeadParts<uint8_t> parts(head, keys.rows);
    pack_keys(keys, parts.keys, reinterpret_cast<float*>(parts.key_scales));
    pack_values(values, parts.values, reinterpret_cast<float*>(parts.value_scales));
}

void attend_rows_together(MatrixView<const float> q, const Int8Head& head, MatrixView<float> out,
                          float* scratch) {
    const size_t rows = q.rows, padded = padded_positions(head.n);
    const HeadParts<const uint8_t> parts(head.data, head.n);
    Query queries[kPassRows];
    for (size_t r = 0; r < rows; ++r) round_query(q.row(r), queries[r]);
    score_all(queries, rows, parts, padded, scratch, padded);
    auto* weights = reinterpret_cast<int16_t*>(scratch + rows * padded);  // [row][position]
    float unit[kPassRows];
    for (size_t r = 0; r < rows; ++r)
        unit[r] = weigh(scratch + r * padded, head.n, padded,
                        reinterpret_cast<const float*>(parts.value_scales), weights + r * padded);
    float sums[kPassRows][kHeadSize] = {};
    for (size_t j = 0; j < padded; j += kPassPositions) {
        const uint8_t* values = parts.values + j * kHeadSize;
        fetch_ahead(values);
        const size_t positions = std::min(kPassPositions, padded - j);
        size_t r = 0;
        for (; r + kMostRows <= rows; r += kMostRows)
            add_values<kMostRows>(values, positions, weights + r * padded + j, padded, sums + r);
        if (r < rows) add_values<1>(values, positions, weights + r * padded + j, padded, sums + r);
    }
    for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < kHeadSize; c += kLanes)
            _mm256_storeu_ps(out.row(r) + c,
                             _mm256_mul_ps(_mm256_loadu_ps(sums[r] + c), _mm256_set1_ps(unit[r])));
    }
}

void weights_together(MatrixView<const float> q, const Int8Head& head, size_t first, MatrixView<float> out) {
    const size_t padded = padded_positions(first);
    Query queries[kPassRows];
    for (size_t r = 0; r < q.rows; ++r) round_query(q.row(r), queries[r]);
    score_all(queries, q.rows, HeadParts<const uint8_t>(head.data, head.n), padded, out.data, out.stride);
    for (size_t r = 0; r < q.rows; ++r) softmax(out.row(r), first, padded);
}

}  // namespace npuscribe::simd::avx2

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::avx2 {
namespace {

[[noreturn]] void refuse() {
    refuse_kernel("attention in 8 bits", "AVX2");
}

}  // namespace

void pack_int8_head(MatrixView<const float>, MatrixView<const float>, uint8_t*) {
    refuse();
}
void attend_rows_together(MatrixView<const float>, const Int8Head&, MatrixView<float>, float*) {
    refuse();
}
void weights_together(MatrixView<const float>, const Int8Head&, size_t, MatrixView<float>) {
    refuse();
}

}  // namespace npuscribe::simd::avx2

#endif
