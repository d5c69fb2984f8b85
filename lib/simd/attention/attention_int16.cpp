#include "simd/attention/attention_int16.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "simd/attention/attention_floats.h"
#include "simd/avx2_vectors.h"

// As attention_floats.cpp, but for the scores: keys are rounded to 13 bits when they are widened, where the
// queries are, too, and vpmaddwd multiplies and adds pairs of them. That takes half the instructions of FMAs,
// and is more accurate than queries in bfloat16, which have 8 bits.

NPUSCRIBE_TARGET_BEGIN("avx2,fma")

namespace npuscribe::simd::avx2 {
namespace {

constexpr size_t kVectors = 2;  // of keys, and of columns of values, at once
constexpr size_t kRows = 6;     // their sums of two vectors take 12 of 16 registers
constexpr size_t kPairs = kHeadSize / 2;
static_assert(kFloatQueryRows % kRows == 0);
// 64 products of such numbers stay below 2^31.
constexpr float kMost = 4095.0F;
// As in attention_floats.cpp.
constexpr float kFarthestSum = 0x1p80F;

/// What a group of rows works with, in `scratch` (float_attention_scratch).
struct Work {
    int32_t* keys;         // [kPairs][kFloatKeys] pairs of int16
    float* key_scales;     // [kFloatKeys]
    float* values;         // [kFloatKeys][kHeadSize]
    int32_t* queries;      // [kFloatQueryRows][kPairs]
    float* query_scales;   // [kFloatQueryRows]
    float* sums;           // [kFloatQueryRows][kLanes]
    float* probabilities;  // [kRows][kFloatKeys]
};

Work work_in(float* scratch) {
    Work work{};
    work.keys = reinterpret_cast<int32_t*>(scratch);
    work.key_scales = scratch + kPairs * kFloatKeys;
    work.values = work.key_scales + kFloatKeys;
    work.queries = reinterpret_cast<int32_t*>(work.values + kFloatKeys * kHeadSize);
    work.query_scales = reinterpret_cast<float*>(work.queries + kFloatQueryRows * kPairs);
    work.sums = work.query_scales + kFloatQueryRows;
    work.probabilities = work.sums + kFloatQueryRows * kLanes;
    return work;
}
static_assert(kPairs * kFloatKeys + kFloatKeys + kFloatKeys * kHeadSize + kFloatQueryRows * kPairs +
                  kFloatQueryRows + kFloatQueryRows * kLanes + kRows * kFloatKeys <=
              float_attention_scratch(1));

/// The two floats of each pair of bfloat16.
inline __m256 even_of(__m256i pairs) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
}
inline __m256 odd_of(__m256i pairs) {
    return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(static_cast<int>(0xFFFF0000))));
}

inline __m256i pairs_of(__m256 even, __m256 odd) {
    return _mm256_blend_epi16(_mm256_cvtps_epi32(even), _mm256_slli_epi32(_mm256_cvtps_epi32(odd), 16), 0xAA);
}

/// Rounds a lane block of packed keys to columns [0, 16) of `out`.
void round_keys(const uint32_t* keys, int32_t* out, float* scales) {
    for (size_t v = 0; v < kLaneBlock; v += kLanes) {
        // Magnitudes of bfloat16 order like their bits.
        __m256i largest = _mm256_setzero_si256();
        for (size_t p = 0; p < kPairs; ++p)
            largest = _mm256_max_epi16(
                largest, _mm256_and_si256(load(keys + p * kLaneBlock + v), _mm256_set1_epi16(0x7FFF)));
        const __m256 most = _mm256_max_ps(even_of(largest), odd_of(largest));
        const __m256 some = _mm256_cmp_ps(most, _mm256_setzero_ps(), _CMP_NEQ_UQ);
        const __m256 inverse = _mm256_and_ps(some, _mm256_div_ps(_mm256_set1_ps(kMost), most));
        _mm256_storeu_ps(scales + v, _mm256_mul_ps(most, _mm256_set1_ps(1 / kMost)));
        for (size_t p = 0; p < kPairs; ++p) {
            const __m256i pairs = load(keys + p * kLaneBlock + v);
            store(pairs_of(_mm256_mul_ps(even_of(pairs), inverse), _mm256_mul_ps(odd_of(pairs), inverse)),
                  out + p * kFloatKeys + v);
        }
    }
}

/// Expands the values of 16 positions.
void expand_values(const uint32_t* pairs, float* out) {
    for (size_t p = 0; p < kLaneBlock / 2; ++p, pairs += kHeadSize, out += 2 * kHeadSize) {
        for (size_t c = 0; c < kHeadSize; c += kLanes) {
            const __m256i both = load(pairs + c);
            _mm256_storeu_ps(out + c, even_of(both));
            _mm256_storeu_ps(out + kHeadSize + c, odd_of(both));
        }
    }
}

void round_query(const float* q, int32_t* pairs, float* scale) {
    float largest = 0;
    for (size_t i = 0; i < kHeadSize; ++i) largest = std::max(largest, q[i] < 0 ? -q[i] : q[i]);
    const __m256 inverse = _mm256_set1_ps(largest > 0 ? kMost / largest : 0.0F);
    *scale = largest / kMost * kScoreScale;
    for (size_t i = 0; i < kHeadSize; i += 2 * kLanes) {
        const __m256i first = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(q + i), inverse));
        const __m256i second = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(q + i + kLanes), inverse));
        store(_mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8), pairs + i / 2);
    }
}

/// As Probability of attention_floats.cpp.
inline __m256 probability(__m256 x) {
    return exp2_cubic(_mm256_min_ps(x, _mm256_set1_ps(127.0F)));
}

/// The products of kTile rows from row `row` on with two vectors of keys, from key `j` on. Not inlined,
/// because its loop needs every register.
template <size_t kTile>
[[gnu::noinline]] void multiply_keys(const Work& work, size_t row, size_t j,
                                     int32_t (*products)[kVectors * kLanes]) {
    const int32_t* queries = work.queries + row * kPairs;
    __m256i sum[kTile][kVectors];
#pragma GCC unroll 6
    for (size_t r = 0; r < kTile; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    const int32_t* keys = work.keys + j;
    for (size_t p = 0; p < kPairs; ++p, keys += kFloatKeys) {
        const __m256i first = load(keys), second = load(keys + kLanes);
#pragma GCC unroll 6
        for (size_t r = 0; r < kTile; ++r) {
            const __m256i query = _mm256_set1_epi32(queries[r * kPairs + p]);
            sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(query, first));
            sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(query, second));
            keep_in_registers(sum[r][0], sum[r][1]);
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < kTile; ++r) {
        store(sum[r][0], products[r]);
        store(sum[r][1], products[r] + kLanes);
    }
}

/// Adds the products of kTile rows of probabilities and two vectors of values, from column `c` on, to `out`,
/// or begins with them.
template <size_t kTile>
[[gnu::noinline]] void multiply_values(const Work& work, size_t c, bool first, const MatrixView<float>& out) {
    __m256 sum[kTile][kVectors];
#pragma GCC unroll 6
    for (size_t r = 0; r < kTile; ++r) {
#pragma GCC unroll 2
        for (size_t v = 0; v < kVectors; ++v)
            sum[r][v] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(out.row(r) + c + v * kLanes);
    }
    const float* values = work.values + c;
    for (size_t j = 0; j < kFloatKeys; ++j, values += kHeadSize) {
        const __m256 low = _mm256_loadu_ps(values), high = _mm256_loadu_ps(values + kLanes);
#pragma GCC unroll 6
        for (size_t r = 0; r < kTile; ++r) {
            const __m256 p = _mm256_set1_ps(work.probabilities[r * kFloatKeys + j]);
            sum[r][0] = _mm256_fmadd_ps(p, low, sum[r][0]);
            sum[r][1] = _mm256_fmadd_ps(p, high, sum[r][1]);
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < kTile; ++r) {
#pragma GCC unroll 2
        for (size_t v = 0; v < kVectors; ++v) _mm256_storeu_ps(out.row(r) + c + v * kLanes, sum[r][v]);
    }
}

/// As AddKeys of attention_floats.cpp.
template <size_t kTile>
void add_keys(const Work& work, size_t row, size_t count, bool first, const MatrixView<float>& out) {
    for (size_t j = 0; j < kFloatKeys; j += kVectors * kLanes) {
        alignas(32) int32_t products[kTile][kVectors * kLanes];
        multiply_keys<kTile>(work, row, j, products);
#pragma GCC unroll 6
        for (size_t r = 0; r < kTile; ++r) {
            float* sums = work.sums + (row + r) * kLanes;
            const __m256 scale = _mm256_set1_ps(work.query_scales[row + r]);
            __m256 sum = _mm256_loadu_ps(sums);
#pragma GCC unroll 2
            for (size_t v = 0; v < kVectors; ++v) {
                const size_t at = j + v * kLanes;
                const __m256 scales = _mm256_mul_ps(scale, _mm256_loadu_ps(work.key_scales + at));
                __m256 p =
                    probability(_mm256_mul_ps(_mm256_cvtepi32_ps(load(products[r] + v * kLanes)), scales));
                if (at + kLanes > count) {
                    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
                    const auto left = static_cast<int>(count - std::min(count, at));
                    p = _mm256_and_ps(
                        p, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(left), lanes)));
                }
                sum = _mm256_add_ps(sum, p);
                _mm256_storeu_ps(work.probabilities + r * kFloatKeys + at, p);
            }
            _mm256_storeu_ps(sums, sum);
        }
    }
    for (size_t c = 0; c < kHeadSize; c += kVectors * kLanes)
        multiply_values<kTile>(work, c, first, out.rows_from(row, kTile));
}

/// Restores a query from what it was rounded to.
void restore_query(const int32_t* pairs, float scale, float* q) {
    int16_t values[kHeadSize];
    std::memcpy(values, pairs, sizeof values);
    for (size_t i = 0; i < kHeadSize; ++i) q[i] = static_cast<float>(values[i]) * (scale / kScoreScale);
}

/// At most kFloatQueryRows rows.
void attend_together(const MatrixView<const float>& q, const PackedHead& head, const MatrixView<float>& out,
                     std::span<float> scratch) {
    const Work work = work_in(scratch.data());
    for (size_t r = 0; r < q.rows; ++r)
        round_query(q.row(r), work.queries + r * kPairs, work.query_scales + r);
    std::fill_n(work.sums, q.rows * kLanes, 0.0F);
    const auto* keys = static_cast<const uint32_t*>(head.keys);
    const auto* values = static_cast<const uint32_t*>(head.values);
    constexpr size_t kBlockPairs = kLaneBlock * kPairs;  // of 16 positions' keys, or values
    const size_t blocks = lane_blocks(head.n);
    for (size_t b = 0; b < blocks; b += kFloatKeys / kLaneBlock) {
        for (size_t half = 0; half < kFloatKeys / kLaneBlock; ++half) {
            float* to = work.values + half * kLaneBlock * kHeadSize;
            if (b + half >= blocks) {  // its probabilities are zero, and what is multiplied must be numbers
                std::fill_n(to, kLaneBlock * kHeadSize, 0.0F);
                continue;
            }
            round_keys(keys + (b + half) * kBlockPairs, work.keys + half * kLaneBlock,
                       work.key_scales + half * kLaneBlock);
            expand_values(values + (b + half) * kBlockPairs, to);
        }
        const size_t count = std::min(kFloatKeys, head.n - b * kLaneBlock);
        size_t r = 0;
        for (; r + kRows <= q.rows; r += kRows) add_keys<kRows>(work, r, count, b == 0, out);
        for (; r + 3 <= q.rows; r += 3) add_keys<3>(work, r, count, b == 0, out);
        for (; r < q.rows; ++r) add_keys<1>(work, r, count, b == 0, out);
    }
    bool far[kFloatQueryRows] = {};
    bool any_far = false;
    for (size_t r = 0; r < q.rows; ++r) {
        float sum = 0;
        for (size_t i = 0; i < kLanes; ++i) sum += work.sums[r * kLanes + i];
        far[r] = !(sum > 1 / kFarthestSum && sum < kFarthestSum);
        any_far = any_far || far[r];
        if (far[r]) {
            restore_query(work.queries + r * kPairs, work.query_scales[r], out.row(r));
            continue;
        }
        const __m256 inverse = _mm256_set1_ps(1 / sum);
        for (size_t c = 0; c < kHeadSize; c += kLanes)
            _mm256_storeu_ps(out.row(r) + c, _mm256_mul_ps(_mm256_loadu_ps(out.row(r) + c), inverse));
    }
    for (size_t r = 0; any_far && r < q.rows; ++r) {  // these use the scratch, too
        if (far[r]) attend_floats(out.rows_from(r, 1), head, out.rows_from(r, 1), scratch);
    }
}

}  // namespace

void attend_int16(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
                  std::span<float> scratch) {
    for (size_t r = 0; r < q.rows; r += kFloatQueryRows) {
        const size_t rows = std::min(kFloatQueryRows, q.rows - r);
        attend_together(q.rows_from(r, rows), head, out.rows_from(r, rows), scratch);
    }
}

}  // namespace npuscribe::simd::avx2

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::avx2 {

void attend_int16(MatrixView<const float>, const PackedHead&, MatrixView<float>, std::span<float>) {
    refuse_kernel("attention as 16-bit integers", "AVX2");
}

}  // namespace npuscribe::simd::avx2

#endif
