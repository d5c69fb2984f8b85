#include "simd/attention/attention_bf16.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "simd/attention/softmax_bf16.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512bf16,avx512vnni")

namespace npuscribe::simd::avx512_bf16 {
namespace {

constexpr size_t kPairs = kHeadSize / 2;

inline __m512bh as_bf16(__m512i bits) {
    return reinterpret_cast<__m512bh>(bits);
}

/// scores[r][j] = q[r]·key j for `kBlocks` blocks of 16 keys. A row of `q` is 32 pairs.
template <size_t kRows, size_t kBlocks>
inline void score_block(const uint32_t* q, const uint16_t* keys, float* scores, size_t score_stride) {
    __m512 sum[kRows][kBlocks];
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) sum[r][b] = _mm512_setzero_ps();
    }
    for (size_t p = 0; p < kPairs; ++p) {
        __m512bh key[kBlocks];
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) {
            key[b] = as_bf16(_mm512_loadu_si512(keys + (b * kPairs + p) * 2 * kLaneBlock));
        }
#pragma GCC unroll 8
        for (size_t r = 0; r < kRows; ++r) {
            const __m512bh pair = as_bf16(_mm512_set1_epi32(static_cast<int>(q[r * kPairs + p])));
#pragma GCC unroll 8
            for (size_t b = 0; b < kBlocks; ++b) sum[r][b] = _mm512_dpbf16_ps(sum[r][b], key[b], pair);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) {
            _mm512_storeu_ps(scores + r * score_stride + b * kLaneBlock, sum[r][b]);
        }
    }
}

/// Query rows in 8 bits, each with a scale that turns its products into scores.
template <size_t kRows>
struct Int8Queries {
    alignas(64) int8_t values[kRows][2 * kPairs];
    float scale[kRows];
    int32_t offset[kRows];  // minus what the keys' offset of 128 adds to every sum
};

inline void round_query(const float* q, int8_t* values, float& scale, int32_t& offset) {
    __m512i rounded[4];
    scale = round_row(q, 127.0F, rounded) * kScoreScale;
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < 4; ++i) {
        sum = _mm512_add_epi32(sum, rounded[i]);
        _mm_store_si128(reinterpret_cast<__m128i*>(values + i * kLaneBlock),
                        _mm512_cvtepi32_epi8(rounded[i]));
    }
    offset = -128 * _mm512_reduce_add_epi32(sum);
}

/// _mm512_dpbusd_epi32, in place: with the intrinsic GCC 12 copies the sums of a loop and spills the copies.
inline void add_products(__m512i& sum, __m512i key, __m512i query) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(key), "v"(query));
}

/// As score_block, but for keys in 8 bits: a block of 16 is 16 groups of four values. Not inlined, because
/// the compiler would then keep scales and offsets in registers from one block to the next, and the sums in
/// memory.
template <size_t kRows, size_t kBlocks>
[[gnu::noinline]] void score_int8_block(const Int8Queries<kRows>& q, const uint8_t* keys,
                                        const float* key_scales, float* scores, size_t score_stride) {
    constexpr size_t kGroups = kPairs / 2;
    __m512i sum[kRows][kBlocks];
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) sum[r][b] = _mm512_setzero_si512();
    }
    for (size_t g = 0; g < kGroups; ++g) {
        __m512i query[kRows];
#pragma GCC unroll 8
        for (size_t r = 0; r < kRows; ++r) {
            int four;
            __builtin_memcpy(&four, q.values[r] + 4 * g, sizeof four);
            query[r] = _mm512_set1_epi32(four);
        }
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) {
            const __m512i key = _mm512_loadu_si512(keys + (b * kGroups + g) * 64);
#pragma GCC unroll 8
            for (size_t r = 0; r < kRows; ++r) add_products(sum[r][b], key, query[r]);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
        const __m512i offset = _mm512_set1_epi32(q.offset[r]);
        const __m512 query_scale = _mm512_set1_ps(q.scale[r]);
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) {
            const __m512 scale = _mm512_mul_ps(_mm512_loadu_ps(key_scales + b * kLaneBlock), query_scale);
            const __m512 product = _mm512_cvtepi32_ps(_mm512_add_epi32(sum[r][b], offset));
            _mm512_storeu_ps(scores + r * score_stride + b * kLaneBlock, _mm512_mul_ps(product, scale));
        }
    }
}

constexpr size_t kTogether = 4;  // blocks of keys: 6 × 4 sums and 4 keys take 28 of 32 registers

template <size_t kRows>
void score_group(const MatrixView<const float>& q, const uint16_t* keys, size_t blocks, float* scores) {
    const size_t padded = blocks * kLaneBlock;
    alignas(64) uint32_t queries[kRows * kPairs];
    for (size_t r = 0; r < kRows; ++r) round_scaled_query(q.row(r), queries + r * kPairs);
    const size_t block_size = 2 * kPairs * kLaneBlock;
    size_t b = 0;
    for (; b + kTogether <= blocks; b += kTogether) {
        score_block<kRows, kTogether>(queries, keys + b * block_size, scores + b * kLaneBlock, padded);
    }
    for (; b < blocks; ++b) {
        score_block<kRows, 1>(queries, keys + b * block_size, scores + b * kLaneBlock, padded);
    }
}

template <size_t kRows>
void score_group(const MatrixView<const float>& q, const uint8_t* keys, size_t blocks, float* scores) {
    const size_t padded = blocks * kLaneBlock;
    constexpr size_t kBlockBytes = 2 * kPairs * kLaneBlock;
    const auto* key_scales = reinterpret_cast<const float*>(keys + blocks * kBlockBytes);
    Int8Queries<kRows> queries;
    for (size_t r = 0; r < kRows; ++r)
        round_query(q.row(r), queries.values[r], queries.scale[r], queries.offset[r]);
    size_t b = 0;
    for (; b + kTogether <= blocks; b += kTogether) {
        score_int8_block<kRows, kTogether>(queries, keys + b * kBlockBytes, key_scales + b * kLaneBlock,
                                           scores + b * kLaneBlock, padded);
    }
    for (; b < blocks; ++b) {
        score_int8_block<kRows, 1>(queries, keys + b * kBlockBytes, key_scales + b * kLaneBlock,
                                   scores + b * kLaneBlock, padded);
    }
}

/// `Key`: uint16_t for keys in bfloat16, uint8_t for keys in 8 bits.
template <size_t kRows, class Key>
void attend_group(const MatrixView<const float>& q, const PackedHead& head, const MatrixView<float>& out,
                  float* scratch) {
    const auto* values = static_cast<const uint16_t*>(head.values);
    const size_t blocks = lane_blocks(head.n);
    const size_t padded = blocks * kLaneBlock;
    float* scores = scratch;
    uint16_t* probabilities = reinterpret_cast<uint16_t*>(scratch + kRows * padded);
    score_group<kRows>(q, static_cast<const Key*>(head.keys), blocks, scores);

    float inverse[kRows];
    for (size_t r = 0; r < kRows; ++r) {
        inverse[r] = softmax_row(scores + r * padded, head.n, padded, probabilities + r * padded);
    }

    __m512 sum[kRows][4];
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; ++d) sum[r][d] = _mm512_setzero_ps();
    }
    for (size_t j = 0; j < padded; j += 2) {
        __m512bh value[4];
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; ++d)
            value[d] = as_bf16(_mm512_loadu_si512(values + j * kHeadSize + d * 2 * kLaneBlock));
#pragma GCC unroll 8
        for (size_t r = 0; r < kRows; ++r) {
            int pair_bits;
            __builtin_memcpy(&pair_bits, probabilities + r * padded + j, sizeof pair_bits);
            const __m512bh pair = as_bf16(_mm512_set1_epi32(pair_bits));
#pragma GCC unroll 4
            for (size_t d = 0; d < 4; ++d) sum[r][d] = _mm512_dpbf16_ps(sum[r][d], value[d], pair);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; ++d) {
            _mm512_storeu_ps(out.row(r) + d * kLaneBlock,
                             _mm512_mul_ps(sum[r][d], _mm512_set1_ps(inverse[r])));
        }
    }
}

template <class Key>
void attend_rows(const MatrixView<const float>& q, const PackedHead& head, const MatrixView<float>& out,
                 float* scratch) {
    switch (q.rows) {
        case 1:
            return attend_group<1, Key>(q, head, out, scratch);
        case 2:
            return attend_group<2, Key>(q, head, out, scratch);
        case 3:
            return attend_group<3, Key>(q, head, out, scratch);
        case 4:
            return attend_group<4, Key>(q, head, out, scratch);
        case 5:
            return attend_group<5, Key>(q, head, out, scratch);
        default:
            return attend_group<6, Key>(q, head, out, scratch);
    }
}

}  // namespace

void attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
            std::span<float> scratch) {
    static_assert(kQueryRows == 6);
    const auto work = head.int8_keys ? attend_rows<uint8_t> : attend_rows<uint16_t>;
    for (size_t r = 0; r < q.rows; r += kQueryRows) {
        const size_t rows = std::min(kQueryRows, q.rows - r);
        work(q.rows_from(r, rows), head, out.rows_from(r, rows), scratch.data());
    }
}

}  // namespace npuscribe::simd::avx512_bf16

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::avx512_bf16 {

void attend(MatrixView<const float>, const PackedHead&, MatrixView<float>, std::span<float>) {
    refuse_kernel("attention in bfloat16", "AVX-512 BF16");
}

}  // namespace npuscribe::simd::avx512_bf16

#endif
