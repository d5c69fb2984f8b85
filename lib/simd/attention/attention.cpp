#include "simd/attention/attention.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "simd/attention/attention_amx.h"
#include "simd/attention/attention_bf16.h"
#include "simd/attention/attention_floats.h"
#include "simd/attention/attention_int16.h"
#include "simd/isa.h"
#include "simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/attention/attention.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/bf16-inl.h"
#include "simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

using D = hn::CappedTag<float, kLaneBlock>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kVectors = kLaneBlock / kLanes;  // in a block of 16
// Query rows at once: as many as have room for their sums in registers.
constexpr size_t kGroup = kLanes >= 16 ? 6 : kLanes == 8 ? 4 : 2;
// Sums under way: a product waits for the one before it in its sum, and two can start in a cycle. So a few
// rows take several blocks of keys, or vectors of values, together.
constexpr size_t kSums = 8;
template <size_t kRows>
constexpr size_t kBlocksAtOnce = std::max<size_t>(1, kSums / (kRows * kVectors));
template <size_t kRows>
constexpr size_t kColumnsAtOnce = std::clamp<size_t>(kSums / kRows, 1, kHeadSize / kLanes);

void PackKeysBf16(MatrixView<const float> keys, uint16_t* out) {
    const size_t blocks = lane_blocks(keys.rows);
    uint32_t rows[kLaneBlock][kHeadSize / 2];
    for (size_t b = 0; b < blocks; ++b) {
        for (size_t j = 0; j < kLaneBlock; ++j) {
            const size_t t = b * kLaneBlock + j;
            if (t < keys.rows) {
                PairsToBf16(keys.row(t), kHeadSize, rows[j]);
            } else {
                std::memset(rows[j], 0, sizeof rows[j]);
            }
        }
        uint32_t* block = reinterpret_cast<uint32_t*>(out) + b * kLaneBlock * kHeadSize / 2;
        for (size_t p = 0; p < kHeadSize / 2; ++p) {
            for (size_t j = 0; j < kLaneBlock; ++j) block[p * kLaneBlock + j] = rows[j][p];
        }
    }
}

void PackKeysF32(MatrixView<const float> keys, float* out) {
    for (size_t b = 0; b < lane_blocks(keys.rows); ++b) {
        for (size_t i = 0; i < kHeadSize; ++i) {
            for (size_t j = 0; j < kLaneBlock; ++j) {
                const size_t t = b * kLaneBlock + j;
                *out++ = t < keys.rows ? keys(t, i) : 0.0F;
            }
        }
    }
}

void PackValuesBf16(MatrixView<const float> values, uint16_t* out) {
    uint32_t* pairs = reinterpret_cast<uint32_t*>(out);
    const size_t padded = packed_head_size(values.rows) / kHeadSize;
    for (size_t t = 0; t < padded; t += 2) {
        const float* even = t < values.rows ? values.row(t) : nullptr;
        const float* odd = t + 1 < values.rows ? values.row(t + 1) : nullptr;
        for (size_t i = 0; i < kHeadSize; ++i) {
            const uint32_t low = even != nullptr ? Bf16Bits(even[i]) : 0U;
            const uint32_t high = odd != nullptr ? Bf16Bits(odd[i]) : 0U;
            *pairs++ = low | high << 16;
        }
    }
}

void PackValuesF32(MatrixView<const float> values, float* out) {
    const size_t padded = packed_head_size(values.rows) / kHeadSize;
    for (size_t t = 0; t < padded; ++t, out += kHeadSize) {
        if (t < values.rows) {
            std::memcpy(out, values.row(t), kHeadSize * sizeof(float));
        } else {
            std::memset(out, 0, kHeadSize * sizeof(float));
        }
    }
}

/// scores[row] = q[row]·key for kBlocks blocks of 16 keys.
template <size_t kRows, size_t kBlocks, Element kElement>
HWY_INLINE void ScoreBlocks(const float* q, const void* keys, size_t block, const MatrixView<float>& scores) {
    const D d;
    V sum[kRows][kBlocks][kVectors];
    for (size_t r = 0; r < kRows; ++r) {
        for (size_t b = 0; b < kBlocks; ++b) {
            for (size_t v = 0; v < kVectors; ++v) sum[r][b][v] = hn::Zero(d);
        }
    }
    const size_t first = block * kLaneBlock * kHeadSize;
    if constexpr (kElement == Element::bf16) {
        const uint32_t* pairs = static_cast<const uint32_t*>(keys) + first / 2;
        for (size_t p = 0; p < kHeadSize / 2; ++p, pairs += kLaneBlock) {
            for (size_t b = 0; b < kBlocks; ++b) {
                for (size_t v = 0; v < kVectors; ++v) {
                    const auto both = LoadPairs(d, pairs + b * kLaneBlock * kHeadSize / 2 + v * kLanes);
                    for (size_t r = 0; r < kRows; ++r) {
                        V& s = sum[r][b][v];
                        s = hn::MulAdd(hn::Set(d, q[r * kHeadSize + 2 * p]), both.even, s);
                        s = hn::MulAdd(hn::Set(d, q[r * kHeadSize + 2 * p + 1]), both.odd, s);
                    }
                }
            }
        }
    } else {
        const float* values = static_cast<const float*>(keys) + first;
        for (size_t i = 0; i < kHeadSize; ++i, values += kLaneBlock) {
            for (size_t b = 0; b < kBlocks; ++b) {
                for (size_t v = 0; v < kVectors; ++v) {
                    const V key = hn::LoadU(d, values + b * kLaneBlock * kHeadSize + v * kLanes);
                    for (size_t r = 0; r < kRows; ++r)
                        sum[r][b][v] = hn::MulAdd(hn::Set(d, q[r * kHeadSize + i]), key, sum[r][b][v]);
                }
            }
        }
    }
    for (size_t r = 0; r < kRows; ++r) {
        for (size_t b = 0; b < kBlocks; ++b) {
            for (size_t v = 0; v < kVectors; ++v)
                hn::StoreU(sum[r][b][v], d, scores.row(r) + (block + b) * kLaneBlock + v * kLanes);
        }
    }
}

/// Turns scores into unnormalised probabilities, in place; returns 1 / their sum. `padded` is n rounded up to
/// whole blocks of 16.
HWY_INLINE float SoftmaxRow(float* scores, size_t n, size_t padded) {
    const D d;
    for (size_t j = n; j < padded; ++j) scores[j] = -1e30F;
    V top = hn::Set(d, -1e30F);
    for (size_t j = 0; j < padded; j += kLanes) top = hn::Max(top, hn::LoadU(d, scores + j));
    const V largest = hn::MaxOfLanes(d, top);
    V sum = hn::Zero(d);
    for (size_t j = 0; j < padded; j += kLanes) {
        const V p = Exp2(d, hn::Sub(hn::LoadU(d, scores + j), largest));
        sum = hn::Add(sum, p);
        hn::StoreU(p, d, scores + j);
    }
    return 1.0F / hn::GetLane(hn::SumOfLanes(d, sum));
}

/// Computes kColumns vectors of the output of kRows rows, from column c on.
template <size_t kRows, size_t kColumns, Element kElement>
HWY_INLINE void WeighValues(const float* p, size_t padded, const void* values, size_t c,
                            V (&sum)[kRows][kColumns]) {
    const D d;
    for (size_t r = 0; r < kRows; ++r) {
        for (size_t v = 0; v < kColumns; ++v) sum[r][v] = hn::Zero(d);
    }
    if constexpr (kElement == Element::bf16) {
        const uint32_t* pairs = static_cast<const uint32_t*>(values) + c;
        for (size_t j = 0; j < padded; j += 2, pairs += kHeadSize) {
            for (size_t v = 0; v < kColumns; ++v) {
                const auto both = LoadPairs(d, pairs + v * kLanes);
                for (size_t r = 0; r < kRows; ++r) {
                    sum[r][v] = hn::MulAdd(hn::Set(d, p[r * padded + j]), both.even, sum[r][v]);
                    sum[r][v] = hn::MulAdd(hn::Set(d, p[r * padded + j + 1]), both.odd, sum[r][v]);
                }
            }
        }
    } else {
        const float* rows = static_cast<const float*>(values) + c;
        for (size_t j = 0; j < padded; ++j, rows += kHeadSize) {
            for (size_t v = 0; v < kColumns; ++v) {
                const V value = hn::LoadU(d, rows + v * kLanes);
                for (size_t r = 0; r < kRows; ++r)
                    sum[r][v] = hn::MulAdd(hn::Set(d, p[r * padded + j]), value, sum[r][v]);
            }
        }
    }
}

template <size_t kRows, Element kElement>
void ScoreGroup(MatrixView<const float> q, const void* keys, size_t blocks, MatrixView<float> scores) {
    float queries[kRows * kHeadSize];
    for (size_t r = 0; r < kRows; ++r) {
        for (size_t i = 0; i < kHeadSize; ++i) {
            const float scaled = q(r, i) * kScoreScale;
            queries[r * kHeadSize + i] = kElement == Element::bf16 ? RoundToBf16(scaled) : scaled;
        }
    }
    constexpr size_t kTogether = kBlocksAtOnce<kRows>;
    size_t b = 0;
    for (; b + kTogether <= blocks; b += kTogether)
        ScoreBlocks<kRows, kTogether, kElement>(queries, keys, b, scores);
    for (; b < blocks; ++b) ScoreBlocks<kRows, 1, kElement>(queries, keys, b, scores);
}

template <size_t kRows, Element kElement>
void AttendGroup(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out, float* scratch) {
    const D d;
    const size_t padded = lane_blocks(head.n) * kLaneBlock;
    float* scores = scratch;
    ScoreGroup<kRows, kElement>(q, head.keys, lane_blocks(head.n), {scores, kRows, padded});
    float inverse[kRows];
    for (size_t r = 0; r < kRows; ++r) inverse[r] = SoftmaxRow(scores + r * padded, head.n, padded);
    constexpr size_t kColumns = kColumnsAtOnce<kRows>;
    static_assert(kHeadSize % (kColumns * kLanes) == 0);
    for (size_t c = 0; c < kHeadSize; c += kColumns * kLanes) {
        V sum[kRows][kColumns];
        WeighValues<kRows, kColumns, kElement>(scores, padded, head.values, c, sum);
        for (size_t r = 0; r < kRows; ++r) {
            for (size_t v = 0; v < kColumns; ++v)
                hn::StoreU(hn::Mul(sum[r][v], hn::Set(d, inverse[r])), d, out.row(r) + c + v * kLanes);
        }
    }
}

template <Element kElement>
void WeightsAll(MatrixView<const float> q, const void* keys, size_t n, MatrixView<float> out) {
    const D d;
    const size_t blocks = lane_blocks(n);
    size_t r = 0;
    for (; r + kGroup <= q.rows; r += kGroup)
        ScoreGroup<kGroup, kElement>(q.rows_from(r, kGroup), keys, blocks, out.rows_from(r, kGroup));
    for (; r < q.rows; ++r) ScoreGroup<1, kElement>(q.rows_from(r, 1), keys, blocks, out.rows_from(r, 1));
    for (r = 0; r < q.rows; ++r) {
        float* row = out.row(r);
        const V inverse = hn::Set(d, SoftmaxRow(row, n, blocks * kLaneBlock));
        for (size_t j = 0; j < blocks * kLaneBlock; j += kLanes)
            hn::StoreU(hn::Mul(hn::LoadU(d, row + j), inverse), d, row + j);
    }
}

void Weights(MatrixView<const float> q, const void* keys, size_t n, Element element, MatrixView<float> out) {
    if (element == Element::bf16) {
        WeightsAll<Element::bf16>(q, keys, n, out);
    } else {
        WeightsAll<Element::f32>(q, keys, n, out);
    }
}

template <Element kElement>
void AttendAll(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out, float* scratch) {
    size_t r = 0;
    for (; r + kGroup <= q.rows; r += kGroup) {
        AttendGroup<kGroup, kElement>(q.rows_from(r, kGroup), head, out.rows_from(r, kGroup), scratch);
    }
    for (; r + 2 <= q.rows; r += 2)
        AttendGroup<2, kElement>(q.rows_from(r, 2), head, out.rows_from(r, 2), scratch);
    for (; r < q.rows; ++r) AttendGroup<1, kElement>(q.rows_from(r, 1), head, out.rows_from(r, 1), scratch);
}

void Attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out, float* scratch) {
    if (head.element == Element::bf16) {
        AttendAll<Element::bf16>(q, head, out, scratch);
    } else {
        AttendAll<Element::f32>(q, head, out, scratch);
    }
}

HWY_INLINE V LoadValues(const float* row) {
    return hn::LoadU(D(), row);
}
HWY_INLINE V LoadValues(const uint16_t* row) {
    return LoadBf16(D(), row);
}

template <class T>
void AttendPlainRows(const float* q, const HeadRows& head, float* out, float* scores) {
    const D d;
    const size_t n = head.n;
    const T* keys = static_cast<const T*>(head.keys);
    const T* values = static_cast<const T*>(head.values);
    const auto offset = [&](size_t t) { return (head.rows != nullptr ? head.rows[t] : t) * kHeadSize; };
    constexpr size_t kParts = kHeadSize / kLanes;
    V query[kParts];
    for (size_t c = 0; c < kParts; ++c)
        query[c] = hn::Mul(hn::LoadU(d, q + c * kLanes), hn::Set(d, kScoreScale));
    float largest = -1e30F;
    for (size_t t = 0; t < n; ++t) {
        V sum = hn::Zero(d);
        const T* key = keys + offset(t);
        for (size_t c = 0; c < kParts; ++c) sum = hn::MulAdd(query[c], LoadValues(key + c * kLanes), sum);
        scores[t] = hn::GetLane(hn::SumOfLanes(d, sum));
        largest = std::max(largest, scores[t]);
    }
    for (size_t t = n; t % kLanes != 0; ++t) scores[t] = largest;  // not read
    for (size_t t = 0; t < n; t += kLanes)
        hn::StoreU(Exp2(d, hn::Sub(hn::LoadU(d, scores + t), hn::Set(d, largest))), d, scores + t);
    V result[kParts];
    for (size_t c = 0; c < kParts; ++c) result[c] = hn::Zero(d);
    V total = hn::Zero(d);
    for (size_t t = 0; t < n; ++t) {
        const V p = hn::Set(d, scores[t]);
        total = hn::Add(total, p);
        const T* value = values + offset(t);
        for (size_t c = 0; c < kParts; ++c)
            result[c] = hn::MulAdd(p, LoadValues(value + c * kLanes), result[c]);
    }
    for (size_t c = 0; c < kParts; ++c) hn::StoreU(hn::Div(result[c], total), d, out + c * kLanes);
}

void AttendRows(const float* q, const HeadRows& head, float* out, float* scores) {
    if (head.element == Element::bf16) {
        AttendPlainRows<uint16_t>(q, head, out, scores);
    } else {
        AttendPlainRows<float>(q, head, out, scores);
    }
}

void StoreRowBf16(const float* values, uint16_t* out) {
    PairsToBf16(values, kHeadSize, reinterpret_cast<uint32_t*>(out));
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(PackKeysBf16);
HWY_EXPORT(PackKeysF32);
HWY_EXPORT(PackValuesBf16);
HWY_EXPORT(PackValuesF32);
HWY_EXPORT(Attend);
HWY_EXPORT(Weights);
HWY_EXPORT(AttendRows);
HWY_EXPORT(StoreRowBf16);

void pack_keys(MatrixView<const float> keys, Element element, void* out) {
    init_isa();
    if (element == Element::bf16) {
        HWY_DYNAMIC_DISPATCH(PackKeysBf16)(keys, static_cast<uint16_t*>(out));
    } else {
        HWY_DYNAMIC_DISPATCH(PackKeysF32)(keys, static_cast<float*>(out));
    }
}

void pack_values(MatrixView<const float> values, Element element, void* out) {
    init_isa();
    if (element == Element::bf16) {
        HWY_DYNAMIC_DISPATCH(PackValuesBf16)(values, static_cast<uint16_t*>(out));
    } else {
        HWY_DYNAMIC_DISPATCH(PackValuesF32)(values, static_cast<float*>(out));
    }
}

namespace {
AttentionKernel kernel_for(const PackedHead& head, size_t rows) {
    if (head.element != Element::bf16) return AttentionKernel::highway;
    // AMX's tiles do not take keys in 8 bits, and a few rows would leave them mostly empty.
    const AttentionKernel kernel = kernels().attention;
    // A few rows would not be worth widening keys and values for.
    if (kernel == AttentionKernel::int16 && rows < kLaneBlock) return AttentionKernel::highway;
    const bool tiles = !head.int8_keys && rows >= kLaneBlock;
    return kernel == AttentionKernel::amx_tiles && !tiles ? AttentionKernel::avx512_bf16 : kernel;
}
}  // namespace

void attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
            std::span<float> scratch) {
    assert(!head.int8_keys || (isa() >= Isa::bf16 && has_vnni() && head.element == Element::bf16));
    init_isa();
    switch (kernel_for(head, q.rows)) {
        case AttentionKernel::amx_tiles:
            return amx::attend(q, head, out, scratch);
        case AttentionKernel::avx512_bf16:
            return avx512_bf16::attend(q, head, out, scratch);
        case AttentionKernel::int16:
            return avx2::attend_int16(q, head, out, scratch);
        case AttentionKernel::highway:
            // A few rows would not be worth expanding keys and values for.
            if (q.rows >= kLaneBlock) return attend_floats(q, head, out, scratch);
            break;
    }
    HWY_DYNAMIC_DISPATCH(Attend)(q, head, out, scratch.data());
}

void attention_weights(MatrixView<const float> q, const void* keys, size_t n, Element element,
                       MatrixView<float> out) {
    init_isa();
    HWY_DYNAMIC_DISPATCH(Weights)(q, keys, n, element, out);
}

void attend_rows(const float* q, const HeadRows& head, float* out, std::span<float> scratch) {
    assert(scratch.size() >= lane_blocks(head.n) * kLaneBlock);
    init_isa();
    HWY_DYNAMIC_DISPATCH(AttendRows)(q, head, out, scratch.data());
}

void store_row(const float* values, Element element, void* out) {
    init_isa();
    if (element == Element::bf16) {
        HWY_DYNAMIC_DISPATCH(StoreRowBf16)(values, static_cast<uint16_t*>(out));
    } else {
        std::memcpy(out, values, kHeadSize * sizeof(float));
    }
}

}  // namespace npuscribe::simd
#endif
