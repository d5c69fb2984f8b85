#include "simd/attention/attention_floats.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/attention/attention_floats.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/bf16-inl.h"
#include "simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

// Keys and values are expanded to floats a few at a time, for many query rows. The scores of a few rows with
// these keys become probabilities at once, without looking for the largest score first, and are multiplied by
// the values: no row of scores is ever written as a whole. A softmax does not depend on what is subtracted
// from its scores, and 2^x has the same relative accuracy over a range far wider than a model's scores. A row
// whose sum shows that its scores are out of range is computed again, from its largest score.

using D = hn::CappedTag<float, kLaneBlock>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kVectors = 2;  // of keys, and of columns of values, at once
// Rows at once: their sums, two vectors of keys or values and one of the row fill 16 registers, or 32.
constexpr size_t kRows = kLanes >= 16 ? 12 : 6;
static_assert(kFloatQueryRows % kRows == 0 && kRows <= 12);

// Up to this sum of probabilities, and from 1 / it on, no product with values leaves f32's range, and what is
// lost of a probability that is too small is less than 2^-46 of the sum.
constexpr float kFarthestSum = 0x1p80F;

/// What a group of rows works with, in `scratch` (float_attention_scratch).
struct Work {
    float* keys;           // [kHeadSize][kFloatKeys]
    float* values;         // [kFloatKeys][kHeadSize]
    float* queries;        // [kFloatQueryRows][kHeadSize], scaled
    float* sums;           // [kFloatQueryRows][kLaneBlock]
    float* probabilities;  // [kRows][kFloatKeys]
    float* scores;         // of one row, all keys

    explicit Work(float* scratch)
        : keys(scratch),
          values(keys + kHeadSize * kFloatKeys),
          queries(values + kFloatKeys * kHeadSize),
          sums(queries + kFloatQueryRows * kHeadSize),
          probabilities(sums + kFloatQueryRows * kLaneBlock),
          scores(probabilities + 12 * kFloatKeys) {}
};

/// Expands one lane block of packed keys to columns [0, 16) of `out`.
template <Element kElement>
HWY_INLINE void ExpandKeys(const void* keys, size_t block, float* out) {
    const D d;
    if constexpr (kElement == Element::bf16) {
        const uint32_t* pairs = static_cast<const uint32_t*>(keys) + block * kLaneBlock * kHeadSize / 2;
        for (size_t p = 0; p < kHeadSize / 2; ++p, out += 2 * kFloatKeys) {
            for (size_t v = 0; v < kLaneBlock; v += kLanes) {
                const auto both = LoadPairs(d, pairs + p * kLaneBlock + v);
                hn::StoreU(both.even, d, out + v);
                hn::StoreU(both.odd, d, out + kFloatKeys + v);
            }
        }
    } else {
        const float* from = static_cast<const float*>(keys) + block * kLaneBlock * kHeadSize;
        for (size_t i = 0; i < kHeadSize; ++i, from += kLaneBlock, out += kFloatKeys) {
            for (size_t v = 0; v < kLaneBlock; v += kLanes) hn::StoreU(hn::LoadU(d, from + v), d, out + v);
        }
    }
}

/// Expands the values of 16 positions.
template <Element kElement>
HWY_INLINE void ExpandValues(const void* values, size_t block, float* out) {
    const D d;
    if constexpr (kElement == Element::bf16) {
        const uint32_t* pairs = static_cast<const uint32_t*>(values) + block * kLaneBlock / 2 * kHeadSize;
        for (size_t p = 0; p < kLaneBlock / 2; ++p, pairs += kHeadSize, out += 2 * kHeadSize) {
            for (size_t c = 0; c < kHeadSize; c += kLanes) {
                const auto both = LoadPairs(d, pairs + c);
                hn::StoreU(both.even, d, out + c);
                hn::StoreU(both.odd, d, out + kHeadSize + c);
            }
        }
    } else {
        std::copy_n(static_cast<const float*>(values) + block * kLaneBlock * kHeadSize,
                    kLaneBlock * kHeadSize, out);
    }
}

/// 2^x from −126 to 127; beyond, that of the limit. bf16: by a cubic in x's fraction, relative error 8e-5, a
/// thirtieth of what rounding a key costs.
template <Element kElement>
HWY_INLINE V Probability(V x) {
    const D d;
    x = hn::Min(x, hn::Set(d, 127.0F));
    if constexpr (kElement == Element::f32) return Exp2(d, x);
    const hn::RebindToSigned<D> di;
    x = hn::Max(x, hn::Set(d, -126.0F));
    const V whole = hn::Floor(x), f = hn::Sub(x, whole);
    V p = hn::Set(d, 0.07790716F);
    p = hn::MulAdd(p, f, hn::Set(d, 0.22623319F));
    p = hn::MulAdd(p, f, hn::Set(d, 0.69577710F));
    p = hn::MulAdd(p, f, hn::Set(d, 0.99992783F));
    return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::ConvertTo(di, whole))));
}

/// The sums of kTile rows [.. × k], `stride` apart, times kVectors vectors of `right` [k][right_stride].
template <size_t kTile>
HWY_INLINE void Multiply(const float* HWY_RESTRICT rows, size_t stride, const float* HWY_RESTRICT right,
                         size_t right_stride, size_t k, V (&sum)[kTile][kVectors]) {
    const D d;
    for (size_t i = 0; i < k; ++i, right += right_stride) {
        V vector[kVectors];
        for (size_t v = 0; v < kVectors; ++v) vector[v] = hn::LoadU(d, right + v * kLanes);
        for (size_t r = 0; r < kTile; ++r) {
            const V value = hn::Set(d, rows[r * stride + i]);
            for (size_t v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(value, vector[v], sum[r][v]);
        }
    }
}

/// Adds what the expanded keys and values give to rows from `row` on. `count`: of these keys, those that
/// there are.
template <size_t kTile, Element kElement>
void AddKeys(const Work& work, size_t row, size_t count, bool first, const MatrixView<float>& out) {
    const D d;
    const float* queries = work.queries + row * kHeadSize;
    for (size_t j = 0; j < kFloatKeys; j += kVectors * kLanes) {
        V score[kTile][kVectors];
        for (size_t r = 0; r < kTile; ++r) {
            for (size_t v = 0; v < kVectors; ++v) score[r][v] = hn::Zero(d);
        }
        Multiply<kTile>(queries, kHeadSize, work.keys + j, kFloatKeys, kHeadSize, score);
        for (size_t r = 0; r < kTile; ++r) {
            float* sums = work.sums + (row + r) * kLaneBlock;
            V sum = hn::LoadU(d, sums);
            for (size_t v = 0; v < kVectors; ++v) {
                const size_t at = j + v * kLanes;
                V p = Probability<kElement>(score[r][v]);
                if (at + kLanes > count)
                    p = hn::IfThenElseZero(hn::FirstN(d, count - std::min(count, at)), p);
                sum = hn::Add(sum, p);
                hn::StoreU(p, d, work.probabilities + r * kFloatKeys + at);
            }
            hn::StoreU(sum, d, sums);
        }
    }
    for (size_t c = 0; c < kHeadSize; c += kVectors * kLanes) {
        V sum[kTile][kVectors];
        for (size_t r = 0; r < kTile; ++r) {
            for (size_t v = 0; v < kVectors; ++v)
                sum[r][v] = first ? hn::Zero(d) : hn::LoadU(d, out.row(row + r) + c + v * kLanes);
        }
        Multiply<kTile>(work.probabilities, kFloatKeys, work.values + c, kHeadSize, kFloatKeys, sum);
        for (size_t r = 0; r < kTile; ++r) {
            for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sum[r][v], d, out.row(row + r) + c + v * kLanes);
        }
    }
}

/// One row alone, from its largest score.
template <Element kElement>
void AttendFarRow(const Work& work, size_t row, const PackedHead& head, float* out) {
    const D d;
    const size_t blocks = lane_blocks(head.n), padded = blocks * kLaneBlock;
    const float* query = work.queries + row * kHeadSize;
    V largest = hn::Set(d, -1e30F);
    for (size_t b = 0; b < blocks; ++b) {
        ExpandKeys<kElement>(head.keys, b, work.keys);
        for (size_t v = 0; v < kLaneBlock; v += kLanes) {
            V score = hn::Zero(d);
            for (size_t i = 0; i < kHeadSize; ++i)
                score = hn::MulAdd(hn::Set(d, query[i]), hn::LoadU(d, work.keys + i * kFloatKeys + v), score);
            hn::StoreU(score, d, work.scores + b * kLaneBlock + v);
        }
    }
    for (size_t j = head.n; j < padded; ++j) work.scores[j] = -1e30F;
    for (size_t j = 0; j < padded; j += kLanes) largest = hn::Max(largest, hn::LoadU(d, work.scores + j));
    largest = hn::MaxOfLanes(d, largest);
    V sum = hn::Zero(d);
    for (size_t j = 0; j < padded; j += kLanes) {
        const V p = Exp2(d, hn::Sub(hn::LoadU(d, work.scores + j), largest));
        sum = hn::Add(sum, p);
        hn::StoreU(p, d, work.scores + j);
    }
    const V inverse = hn::Div(hn::Set(d, 1.0F), hn::SumOfLanes(d, sum));
    std::fill_n(out, kHeadSize, 0.0F);
    for (size_t b = 0; b < blocks; ++b) {
        ExpandValues<kElement>(head.values, b, work.values);
        for (size_t j = 0; j < kLaneBlock; ++j) {
            const V p = hn::Mul(hn::Set(d, work.scores[b * kLaneBlock + j]), inverse);
            for (size_t c = 0; c < kHeadSize; c += kLanes)
                hn::StoreU(
                    hn::MulAdd(p, hn::LoadU(d, work.values + j * kHeadSize + c), hn::LoadU(d, out + c)), d,
                    out + c);
        }
    }
}

template <Element kElement>
void AttendRowsTogether(const MatrixView<const float>& q, const PackedHead& head,
                        const MatrixView<float>& out, const Work& work) {
    const D d;
    for (size_t r = 0; r < q.rows; ++r) {
        for (size_t i = 0; i < kHeadSize; ++i) {
            const float scaled = q(r, i) * kScoreScale;
            work.queries[r * kHeadSize + i] = kElement == Element::bf16 ? RoundToBf16(scaled) : scaled;
        }
    }
    std::fill_n(work.sums, q.rows * kLaneBlock, 0.0F);
    const size_t blocks = lane_blocks(head.n);
    for (size_t b = 0; b < blocks; b += kFloatKeys / kLaneBlock) {
        for (size_t half = 0; half < kFloatKeys / kLaneBlock; ++half) {
            if (b + half >= blocks) {  // its probabilities are zero, and what is multiplied must be numbers
                std::fill_n(work.values + half * kLaneBlock * kHeadSize, kLaneBlock * kHeadSize, 0.0F);
                continue;
            }
            ExpandKeys<kElement>(head.keys, b + half, work.keys + half * kLaneBlock);
            ExpandValues<kElement>(head.values, b + half, work.values + half * kLaneBlock * kHeadSize);
        }
        const size_t count = std::min(kFloatKeys, head.n - b * kLaneBlock);
        size_t r = 0;
        for (; r + kRows <= q.rows; r += kRows) AddKeys<kRows, kElement>(work, r, count, b == 0, out);
        for (; r + 3 <= q.rows; r += 3) AddKeys<3, kElement>(work, r, count, b == 0, out);
        for (; r < q.rows; ++r) AddKeys<1, kElement>(work, r, count, b == 0, out);
    }
    for (size_t r = 0; r < q.rows; ++r) {
        float* row = out.row(r);
        float sum = 0;
        for (size_t i = 0; i < kLanes; ++i) sum += work.sums[r * kLaneBlock + i];
        if (sum > 1 / kFarthestSum && sum < kFarthestSum) {
            const V inverse = hn::Set(d, 1 / sum);
            for (size_t c = 0; c < kHeadSize; c += kLanes)
                hn::StoreU(hn::Mul(hn::LoadU(d, row + c), inverse), d, row + c);
        } else {
            AttendFarRow<kElement>(work, r, head, row);
        }
    }
}

void AttendFloats(const MatrixView<const float>& q, const PackedHead& head, const MatrixView<float>& out,
                  float* scratch) {
    const Work work(scratch);
    for (size_t r = 0; r < q.rows; r += kFloatQueryRows) {
        const size_t rows = std::min(kFloatQueryRows, q.rows - r);
        if (head.element == Element::bf16) {
            AttendRowsTogether<Element::bf16>(q.rows_from(r, rows), head, out.rows_from(r, rows), work);
        } else {
            AttendRowsTogether<Element::f32>(q.rows_from(r, rows), head, out.rows_from(r, rows), work);
        }
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(AttendFloats);

void attend_floats(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
                   std::span<float> scratch) {
    HWY_DYNAMIC_DISPATCH(AttendFloats)(q, head, out, scratch.data());
}

}  // namespace npuscribe::simd
#endif
