#include "simd/attention/attention_int8.h"

#include <algorithm>
#include <cassert>
#include <type_traits>

#include "simd/attention/attention_int8_avx2.h"
#include "simd/attention/int8_head.h"
#include "simd/isa.h"

namespace npuscribe::simd {

bool can_attend_int8() {
    return isa() >= Isa::avx2;
}

size_t int8_head_bytes(size_t n) {
    return padded_positions(n) * 2 * (kHeadSize + sizeof(float));
}
size_t int8_attention_scratch(size_t n) {
    return kPassRows * 3 * padded_positions(n) / 2;  // a score and two bytes of weight
}

}  // namespace npuscribe::simd

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/attention/avx512_rows.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512vnni")

namespace npuscribe::simd {
namespace {

constexpr size_t kGroups = kHeadSize / 4;  // of four values, one dword
/// Rows whose sums are in registers at once: 2 × 2 halves × 4 vectors. Three rows would fit in 32 registers,
/// but compilers then keep the sums in memory.
constexpr size_t kMostRows = 2;

/// Packs keys as HeadParts describes them, with a scale a position.
void pack_keys(MatrixView<const float> keys, uint8_t* out, float* scales) {
    for (size_t t = 0; t < padded_positions(keys.rows); ++t) {
        __m512i rounded[4] = {};
        scales[t] = t < keys.rows ? round_row(keys.row(t), 127.0F, rounded) : 0.0F;
        alignas(64) uint32_t dwords[kGroups];
        for (size_t i = 0; i < 4; ++i) {
            const __m512i offset = _mm512_add_epi32(rounded[i], _mm512_set1_epi32(128));
            _mm_store_si128(reinterpret_cast<__m128i*>(dwords + 4 * i), _mm512_cvtepi32_epi8(offset));
        }
        uint32_t* block = reinterpret_cast<uint32_t*>(out) + t / kLaneBlock * kGroups * kLaneBlock;
        for (size_t g = 0; g < kGroups; ++g) block[g * kLaneBlock + t % kLaneBlock] = dwords[g];
    }
}

void pack(MatrixView<const float> keys, MatrixView<const float> values, uint8_t* head) {
    const size_t n = keys.rows;
    const HeadParts<uint8_t> parts(head, n);
    pack_keys(keys, parts.keys, reinterpret_cast<float*>(parts.key_scales));
    float* value_scales = reinterpret_cast<float*>(parts.value_scales);
    const __m512i low_byte = _mm512_set1_epi32(0xFF);
    for (size_t t = 0; t < padded_positions(n); t += 4) {
        __m512i rows[4][4] = {};
        for (size_t j = 0; j < 4; ++j) {
            value_scales[t + j] = t + j < n ? round_row(values.row(t + j), 127.0F, rows[j]) : 0.0F;
        }
        for (size_t i = 0; i < 4; ++i) {
            __m512i bytes = _mm512_and_si512(rows[0][i], low_byte);
            bytes = _mm512_or_si512(bytes, _mm512_slli_epi32(_mm512_and_si512(rows[1][i], low_byte), 8));
            bytes = _mm512_or_si512(bytes, _mm512_slli_epi32(_mm512_and_si512(rows[2][i], low_byte), 16));
            bytes = _mm512_or_si512(bytes, _mm512_slli_epi32(rows[3][i], 24));
            _mm512_storeu_si512(parts.values + (t * kHeadSize) + i * 64, bytes);
        }
    }
}

/// A query as two halves, 128·high + low, and what the keys' offset adds to every sum.
struct Query {
    alignas(64) int8_t high[kHeadSize];
    alignas(64) int8_t low[kHeadSize];
    int32_t offset = 0;
    float scale = 0;
};

inline void split_query(const float* row, Query& query) {
    __m512i rounded[4];
    query.scale = round_row(row, 127.0F * 128.0F, rounded) * kScoreScale;
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < 4; ++i) {
        const __m512i high = _mm512_srai_epi32(_mm512_add_epi32(rounded[i], _mm512_set1_epi32(64)), 7);
        const __m512i low = _mm512_sub_epi32(rounded[i], _mm512_slli_epi32(high, 7));
        sum = _mm512_add_epi32(sum, rounded[i]);
        _mm_store_si128(reinterpret_cast<__m128i*>(query.high + 16 * i), _mm512_cvtepi32_epi8(high));
        _mm_store_si128(reinterpret_cast<__m128i*>(query.low + 16 * i), _mm512_cvtepi32_epi8(low));
    }
    query.offset = -128 * _mm512_reduce_add_epi32(sum);
}

inline __m512i broadcast_dword(const void* dword) {
    int bits;
    __builtin_memcpy(&bits, dword, sizeof bits);
    return _mm512_set1_epi32(bits);
}

/// Computes scores, in units of log2, for `kBlocks` blocks of 16 positions.
template <size_t kRows, size_t kBlocks>
inline void score_blocks(const Query* queries, const uint8_t* keys, const float* key_scales, float* scores,
                         size_t stride) {
    __m512i high[kRows][kBlocks];
    __m512i low[kRows][kBlocks];
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t b = 0; b < kBlocks; ++b) high[r][b] = low[r][b] = _mm512_setzero_si512();
    }
    for (size_t g = 0; g < kGroups; ++g) {
#pragma GCC unroll 4
        for (size_t b = 0; b < kBlocks; ++b) {
            const __m512i key = _mm512_loadu_si512(keys + (b * kGroups + g) * 64);
#pragma GCC unroll 4
            for (size_t r = 0; r < kRows; ++r) {
                high[r][b] = _mm512_dpbusd_epi32(high[r][b], key, broadcast_dword(queries[r].high + 4 * g));
                low[r][b] = _mm512_dpbusd_epi32(low[r][b], key, broadcast_dword(queries[r].low + 4 * g));
            }
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t b = 0; b < kBlocks; ++b) {
            const __m512i whole = _mm512_add_epi32(_mm512_slli_epi32(high[r][b], 7), low[r][b]);
            const __m512 product =
                _mm512_cvtepi32_ps(_mm512_add_epi32(whole, _mm512_set1_epi32(queries[r].offset)));
            const __m512 scale =
                _mm512_mul_ps(_mm512_loadu_ps(key_scales + b * kLaneBlock), _mm512_set1_ps(queries[r].scale));
            _mm512_storeu_ps(scores + r * stride + b * kLaneBlock, _mm512_mul_ps(product, scale));
        }
    }
}

/// Turns scores into weights of the values, split into two unsigned halves. Returns the value of one unit of
/// weight.
inline float weigh(float* scores, size_t n, size_t padded, const float* value_scales, uint8_t* high,
                   uint8_t* low) {
    const __m512 largest = largest_score(scores, n, padded);
    __m512 sum = _mm512_setzero_ps();
    __m512 heaviest = _mm512_setzero_ps();
    for (size_t j = 0; j < padded; j += kLaneBlock) {
        const __m512 p = exp2_cubic(_mm512_sub_ps(_mm512_loadu_ps(scores + j), largest));
        const __m512 weight = _mm512_mul_ps(p, _mm512_loadu_ps(value_scales + j));
        sum = _mm512_add_ps(sum, p);
        heaviest = _mm512_max_ps(heaviest, weight);
        _mm512_storeu_ps(scores + j, weight);
    }
    const float heaviest_weight = _mm512_reduce_max_ps(heaviest);
    constexpr float kMost = 65535.0F;
    const __m512 inverse = _mm512_set1_ps(heaviest_weight > 0 ? kMost / heaviest_weight : 0.0F);
    for (size_t j = 0; j < padded; j += kLaneBlock) {
        const __m512i weight = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(scores + j), inverse));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(high + j),
                         _mm512_cvtepi32_epi8(_mm512_srli_epi32(weight, 8)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(low + j), _mm512_cvtepi32_epi8(weight));
    }
    return heaviest_weight / kMost / _mm512_reduce_add_ps(sum);
}

/// Calls `work` with the size, as a constant, and the first row of each group of kMostRows rows, and of a
/// single one that is left.
template <class Work>
inline void for_groups(size_t rows, const Work& work) {
    size_t r = 0;
    for (; r + kMostRows <= rows; r += kMostRows) work(std::integral_constant<size_t, kMostRows>(), r);
    if (r < rows) work(std::integral_constant<size_t, 1>(), r);
}

/// Computes the scores of the first `positions` positions, a multiple of 16.
inline void score_all(const Query* queries, size_t rows, const HeadParts<const uint8_t>& parts,
                      size_t positions, float* scores, size_t stride) {
    const float* key_scales = reinterpret_cast<const float*>(parts.key_scales);
    size_t j = 0;
    for (; j + kPassPositions <= positions; j += kPassPositions) {
        const uint8_t* keys = parts.keys + j * kHeadSize;
        fetch_ahead(keys);
        for_groups(rows, [&](auto size, size_t r) {
            score_blocks<size(), kPassPositions / kLaneBlock>(queries + r, keys, key_scales + j,
                                                              scores + r * stride + j, stride);
        });
    }
    for (; j < positions; j += kLaneBlock) {
        for_groups(rows, [&](auto size, size_t r) {
            score_blocks<size(), 1>(queries + r, parts.keys + j * kHeadSize, key_scales + j,
                                    scores + r * stride + j, stride);
        });
    }
}

/// Sums of a row's products with the values: of the weights' high halves, then of their low ones.
struct WeightedSums {
    alignas(64) int32_t high[kHeadSize];
    alignas(64) int32_t low[kHeadSize];
};

/// Adds the products of kRows rows of weights with the values of `positions` positions, a multiple of 4.
/// `halves`: [row][high, low][stride].
template <size_t kRows>
inline void add_values(const uint8_t* values, size_t positions, const uint8_t* halves, size_t stride,
                       WeightedSums* sums) {
    __m512i high[kRows][4];
    __m512i low[kRows][4];
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; ++d) {
            high[r][d] = _mm512_load_si512(sums[r].high + d * kLaneBlock);
            low[r][d] = _mm512_load_si512(sums[r].low + d * kLaneBlock);
        }
    }
    for (size_t j = 0; j < positions; j += 4) {
        __m512i value[4];
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; ++d) value[d] = _mm512_loadu_si512(values + j * kHeadSize + d * 64);
#pragma GCC unroll 4
        for (size_t r = 0; r < kRows; ++r) {
            const __m512i weight_high = broadcast_dword(halves + 2 * r * stride + j);
            const __m512i weight_low = broadcast_dword(halves + (2 * r + 1) * stride + j);
#pragma GCC unroll 4
            for (size_t d = 0; d < 4; ++d) {
                high[r][d] = _mm512_dpbusd_epi32(high[r][d], weight_high, value[d]);
                low[r][d] = _mm512_dpbusd_epi32(low[r][d], weight_low, value[d]);
            }
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; ++d) {
            _mm512_store_si512(sums[r].high + d * kLaneBlock, high[r][d]);
            _mm512_store_si512(sums[r].low + d * kLaneBlock, low[r][d]);
        }
    }
}

/// One pass: at most kPassRows rows.
void attend_rows_together(MatrixView<const float> q, const Int8Head& head, MatrixView<float> out,
                          float* scratch) {
    const size_t n = head.n;
    const size_t rows = q.rows;
    const size_t padded = padded_positions(n);
    const HeadParts<const uint8_t> parts(head.data, n);
    const float* value_scales = reinterpret_cast<const float*>(parts.value_scales);
    Query queries[kPassRows];
    for (size_t r = 0; r < rows; ++r) split_query(q.row(r), queries[r]);

    score_all(queries, rows, parts, padded, scratch, padded);
    uint8_t* halves = reinterpret_cast<uint8_t*>(scratch + rows * padded);  // [row][high, low][position]
    float unit[kPassRows];
    for (size_t r = 0; r < rows; ++r) {
        uint8_t* high = halves + 2 * r * padded;
        unit[r] = weigh(scratch + r * padded, n, padded, value_scales, high, high + padded);
    }

    WeightedSums sums[kPassRows];
    for (size_t r = 0; r < rows; ++r) {
        for (size_t d = 0; d < kHeadSize; d += kLaneBlock) {
            _mm512_store_si512(sums[r].high + d, _mm512_setzero_si512());
            _mm512_store_si512(sums[r].low + d, _mm512_setzero_si512());
        }
    }
    for (size_t j = 0; j < padded; j += kPassPositions) {
        const uint8_t* values = parts.values + j * kHeadSize;
        fetch_ahead(values);
        const size_t positions = std::min(kPassPositions, padded - j);
        for_groups(rows, [&](auto size, size_t r) {
            add_values<size()>(values, positions, halves + 2 * r * padded + j, padded, sums + r);
        });
    }
    for (size_t r = 0; r < rows; ++r) {
        for (size_t d = 0; d < kHeadSize; d += kLaneBlock) {
            const __m512 high = _mm512_cvtepi32_ps(_mm512_load_si512(sums[r].high + d));
            const __m512 low = _mm512_cvtepi32_ps(_mm512_load_si512(sums[r].low + d));
            const __m512 whole = _mm512_fmadd_ps(high, _mm512_set1_ps(256.0F), low);
            _mm512_storeu_ps(out.row(r) + d, _mm512_mul_ps(whole, _mm512_set1_ps(unit[r])));
        }
    }
}

/// Turns a row's scores into their softmax.
inline void softmax(float* scores, size_t n, size_t padded) {
    const __m512 largest = largest_score(scores, n, padded);
    __m512 sum = _mm512_setzero_ps();
    for (size_t j = 0; j < padded; j += kLaneBlock) {
        const __m512 p = exp2_cubic(_mm512_sub_ps(_mm512_loadu_ps(scores + j), largest));
        sum = _mm512_add_ps(sum, p);
        _mm512_storeu_ps(scores + j, p);
    }
    const __m512 inverse = _mm512_set1_ps(1.0F / _mm512_reduce_add_ps(sum));
    for (size_t j = 0; j < padded; j += kLaneBlock)
        _mm512_storeu_ps(scores + j, _mm512_mul_ps(_mm512_loadu_ps(scores + j), inverse));
}

void weights_together(MatrixView<const float> q, const Int8Head& head, size_t first, MatrixView<float> out) {
    Query queries[kPassRows];
    for (size_t r = 0; r < q.rows; ++r) split_query(q.row(r), queries[r]);
    const size_t padded = padded_positions(first);
    score_all(queries, q.rows, HeadParts<const uint8_t>(head.data, head.n), padded, out.data, out.stride);
    for (size_t r = 0; r < q.rows; ++r) softmax(out.row(r), first, padded);
}

}  // namespace
}  // namespace npuscribe::simd

NPUSCRIBE_TARGET_END

namespace npuscribe::simd {

void pack_int8_head(MatrixView<const float> keys, MatrixView<const float> values, uint8_t* head) {
    assert(can_attend_int8() && keys.cols == kHeadSize && values.cols == kHeadSize &&
           keys.rows == values.rows);
    if (!has_vnni()) return avx2::pack_int8_head(keys, values, head);
    pack(keys, values, head);
}

void pack_int8_keys(MatrixView<const float> keys, uint8_t* out) {
    assert(has_vnni() && keys.cols == kHeadSize);
    pack_keys(keys, out, reinterpret_cast<float*>(out + padded_positions(keys.rows) * kHeadSize));
}

void attend_int8(MatrixView<const float> q, const Int8Head& head, MatrixView<float> out,
                 std::span<float> scratch) {
    assert(can_attend_int8() && scratch.size() >= int8_attention_scratch(head.n));
    const auto pass = has_vnni() ? attend_rows_together : avx2::attend_rows_together;
    for (size_t r = 0; r < q.rows; r += kPassRows) {
        const size_t count = std::min(kPassRows, q.rows - r);
        pass(q.rows_from(r, count), head, out.rows_from(r, count), scratch.data());
    }
}

void int8_attention_weights(MatrixView<const float> q, const Int8Head& head, size_t first,
                            MatrixView<float> out) {
    assert(can_attend_int8() && first > 0 && first <= head.n);
    const auto pass = has_vnni() ? weights_together : avx2::weights_together;
    for (size_t r = 0; r < q.rows; r += kPassRows) {
        const size_t count = std::min(kPassRows, q.rows - r);
        pass(q.rows_from(r, count), head, first, out.rows_from(r, count));
    }
}

}  // namespace npuscribe::simd

#else

#include "simd/kernels.h"

namespace npuscribe::simd {
namespace {

[[noreturn]] void refuse() {
    refuse_kernel("attention in 8 bits", "AVX-512 VNNI");
}

}  // namespace

void pack_int8_head(MatrixView<const float>, MatrixView<const float>, uint8_t*) {
    refuse();
}
void pack_int8_keys(MatrixView<const float>, uint8_t*) {
    refuse();
}
void attend_int8(MatrixView<const float>, const Int8Head&, MatrixView<float>, std::span<float>) {
    refuse();
}
void int8_attention_weights(MatrixView<const float>, const Int8Head&, size_t, MatrixView<float>) {
    refuse();
}

}  // namespace npuscribe::simd

#endif
