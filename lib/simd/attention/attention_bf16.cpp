#include "simd/attention/attention_bf16.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <type_traits>

#include "simd/attention/softmax_bf16.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512bf16,avx512vnni")

namespace npuscribe::simd::avx512_bf16 {
namespace {

constexpr size_t kPairs = kHeadSize / 2;

inline __m512bh as_bf16(__m512i bits) {
    return reinterpret_cast<__m512bh>(bits);
}

/// Query rows in bfloat16, scaled so that their products with keys are scores in units of log2.
template <size_t kRows>
struct Bf16Queries {
    alignas(64) uint32_t pairs[kRows][kPairs];
};

/// scores[r][b] = q[r] · the keys of block b.
template <size_t kRows, size_t kBlocks>
[[gnu::always_inline]] inline void score_block(const Bf16Queries<kRows>& q, const uint16_t* keys,
                                               const float*, __m512 (&scores)[kRows][kBlocks]) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) scores[r][b] = _mm512_setzero_ps();
    }
    for (size_t p = 0; p < kPairs; ++p) {
        __m512bh key[kBlocks];
#pragma GCC unroll 8
        for (size_t b = 0; b < kBlocks; ++b) {
            key[b] = as_bf16(_mm512_loadu_si512(keys + (b * kPairs + p) * 2 * kLaneBlock));
        }
#pragma GCC unroll 8
        for (size_t r = 0; r < kRows; ++r) {
            const __m512bh pair = as_bf16(_mm512_set1_epi32(static_cast<int>(q.pairs[r][p])));
#pragma GCC unroll 8
            for (size_t b = 0; b < kBlocks; ++b) scores[r][b] = _mm512_dpbf16_ps(scores[r][b], key[b], pair);
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

/// The same for keys in 8 bits: a block of 16 is 16 groups of four values.
template <size_t kRows, size_t kBlocks>
[[gnu::always_inline]] inline void score_block(const Int8Queries<kRows>& q, const uint8_t* keys,
                                               const float* key_scales, __m512 (&scores)[kRows][kBlocks]) {
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
            scores[r][b] = _mm512_mul_ps(product, scale);
        }
    }
}

template <size_t kRows>
void round_queries(const MatrixView<const float>& q, Bf16Queries<kRows>& to) {
    for (size_t r = 0; r < kRows; ++r) round_scaled_query(q.row(r), to.pairs[r]);
}

template <size_t kRows>
void round_queries(const MatrixView<const float>& q, Int8Queries<kRows>& to) {
    for (size_t r = 0; r < kRows; ++r) round_query(q.row(r), to.values[r], to.scale[r], to.offset[r]);
}

/// Keys of a head, in bfloat16 or in 8 bits.
template <class Key>
struct Keys {
    static constexpr size_t kBlockSize = 2 * kPairs * kLaneBlock;
    const Key* block(size_t b) const { return first + b * kBlockSize; }
    /// Of keys in 8 bits.
    const float* scales(size_t b) const {
        return reinterpret_cast<const float*>(block(lane_blocks(n))) + b * kLaneBlock;
    }

    const Key* first;
    size_t n;
};

/// What a group of rows has of its softmax so far.
template <size_t kRows>
struct Probabilities {
    uint16_t* to;  // rows of bfloat16, not yet divided by their sums
    size_t stride;
    __m512 sum[kRows];
};

/// 2^score for `kBlocks` blocks of keys. `kept`: the lanes that have a key.
template <size_t kBlocks, size_t kRows, class Queries, class Key>
[[gnu::noinline]] void exponentiate(const Queries& q, const Keys<Key>& keys, size_t block, __mmask16 kept,
                                    Probabilities<kRows>& out) {
    __m512 scores[kRows][kBlocks];
    score_block<kRows, kBlocks>(q, keys.block(block), keys.scales(block), scores);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
        uint16_t* to = out.to + r * out.stride + block * kLaneBlock;
        if constexpr (kBlocks == 1) {
            const __m512 p = _mm512_maskz_mov_ps(kept, exp2_cubic(scores[r][0]));
            out.sum[r] = _mm512_add_ps(out.sum[r], p);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                                reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(p)));
        } else {
#pragma GCC unroll 4
            for (size_t b = 0; b < kBlocks; b += 2) {
                const __m512 p = exp2_cubic(scores[r][b]), next = exp2_cubic(scores[r][b + 1]);
                out.sum[r] = _mm512_add_ps(out.sum[r], _mm512_add_ps(p, next));
                _mm512_storeu_si512(to + b * kLaneBlock,
                                    reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(next, p)));
            }
        }
    }
}

constexpr size_t kTogether = 4;  // blocks of keys: 6 × 4 sums and 4 keys take 28 of 32 registers

/// Up to this sum of probabilities, and from 1 / it on, no product with values leaves f32's range, and a
/// probability that is too small for bfloat16 is less than 2^-46 of the sum.
constexpr float kFarthestSum = 0x1p80F;

/// The same for one row whose scores are too far from zero: subtracts the largest of them first.
template <class Queries, class Key>
float exponentiate_from_largest(const Queries& q, const Keys<Key>& keys, float* scores, uint16_t* to) {
    const size_t blocks = lane_blocks(keys.n);
    for (size_t b = 0; b < blocks; ++b) {
        __m512 score[1][1];
        score_block<1, 1>(q, keys.block(b), keys.scales(b), score);
        _mm512_storeu_ps(scores + b * kLaneBlock, score[0][0]);
    }
    return softmax_row(scores, keys.n, blocks * kLaneBlock, to);
}

/// Fills rows of probabilities, and `inverse` with 1 / their sums.
///
/// A softmax does not depend on what is subtracted from its scores; the largest of them usually is, so that
/// 2^x cannot overflow. bfloat16 and f32 hold 2^x with the same relative accuracy over a range far wider than
/// a model's scores, so nothing is subtracted here, and scores need not be written, searched and read again.
/// A row whose sum shows that its scores are out of range is computed again.
template <class Queries, size_t kRows, class Key>
void softmax_group(const MatrixView<const float>& q, const Keys<Key>& keys, float* scores,
                   uint16_t* probabilities, float (&inverse)[kRows]) {
    constexpr __mmask16 kAll = 0xFFFF;
    const size_t whole = keys.n / kLaneBlock, blocks = lane_blocks(keys.n);
    Queries queries;
    round_queries(q, queries);
    Probabilities<kRows> out{probabilities, blocks * kLaneBlock, {}};
    for (__m512& sum : out.sum) sum = _mm512_setzero_ps();
    size_t b = 0;
    for (; b + kTogether <= whole; b += kTogether) exponentiate<kTogether>(queries, keys, b, kAll, out);
    for (; b < whole; ++b) exponentiate<1>(queries, keys, b, kAll, out);
    if (b < blocks)
        exponentiate<1>(queries, keys, b, static_cast<__mmask16>((1U << keys.n % kLaneBlock) - 1), out);
    for (size_t r = 0; r < kRows; ++r) {
        const float sum = _mm512_reduce_add_ps(out.sum[r]);
        if (sum > 1 / kFarthestSum && sum < kFarthestSum) {
            inverse[r] = 1 / sum;
        } else {
            std::conditional_t<sizeof(Key) == 1, Int8Queries<1>, Bf16Queries<1>> one;
            round_queries(q.rows_from(r, 1), one);
            inverse[r] = exponentiate_from_largest(one, keys, scores, probabilities + r * out.stride);
        }
    }
}

/// `Key`: uint16_t for keys in bfloat16, uint8_t for keys in 8 bits.
template <size_t kRows, class Key>
void attend_group(const MatrixView<const float>& q, const PackedHead& head, const MatrixView<float>& out,
                  float* scratch) {
    using Queries = std::conditional_t<sizeof(Key) == 1, Int8Queries<kRows>, Bf16Queries<kRows>>;
    const auto* values = static_cast<const uint16_t*>(head.values);
    const size_t padded = lane_blocks(head.n) * kLaneBlock;
    uint16_t* probabilities = reinterpret_cast<uint16_t*>(scratch + padded);
    float inverse[kRows];
    softmax_group<Queries>(q, Keys<Key>{static_cast<const Key*>(head.keys), head.n}, scratch, probabilities,
                           inverse);

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
