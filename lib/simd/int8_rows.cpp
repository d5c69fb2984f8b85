#include "simd/int8_rows.h"

#include <bit>

#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/int8_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/round_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

using bfp16::kBlockSize;
using bfp16::Rounding;
using D = BlockTag;
using V = hn::Vec<D>;

constexpr int32_t kFirstTooLarge = 238 << 23;  // bits of 2^111

/// Bits of the largest magnitude.
int32_t LargestMagnitude(const float* x, size_t n) {
    const D d;
    const hn::RebindToSigned<D> di;
    auto largest = hn::Zero(di);
    for (size_t i = 0; i < n; i += kBlockLanes)
        largest = hn::Max(largest, hn::BitCast(di, hn::Abs(hn::LoadU(d, x + i))));
    return hn::GetLane(hn::MaxOfLanes(di, largest));
}

void RowToInt8(const float* x, size_t n, uint8_t exponent, Rounding rounding, int8_t* out) {
    const D d;
    const hn::Rebind<int8_t, D> d8;
    // 2^(133 − exponent) in two steps: it alone may be more than f32 holds.
    const int power = 133 - exponent;
    const V first = hn::Set(d, std::bit_cast<float>(static_cast<uint32_t>(127 + power / 2) << 23));
    const V second = hn::Set(d, std::bit_cast<float>(static_cast<uint32_t>(127 + power - power / 2) << 23));
    for (size_t i = 0; i < n; i += kBlockSize) {
        V values[kBlockVectors];
        for (size_t v = 0; v < kBlockVectors; ++v) values[v] = hn::LoadU(d, x + i + v * kBlockLanes);
        RoundToBlock(values, rounding);
        for (size_t v = 0; v < kBlockVectors; ++v) {
            const auto aligned = hn::NearestInt(hn::Mul(hn::Mul(values[v], first), second));
            hn::StoreU(hn::DemoteTo(d8, aligned), d8, out + i + v * kBlockLanes);
        }
    }
}

bool Int32ToRow(const int32_t* sums, size_t n, float a_unit, const float* b_units, const float* bias,
                Rounding rounding, bool accumulate, float* out) {
    const D d;
    const hn::RebindToSigned<D> di;
    const V unit = hn::Set(d, a_unit);
    auto largest = hn::Zero(di);
    for (size_t i = 0; i < n; i += kBlockSize) {
        V values[kBlockVectors];
        for (size_t v = 0; v < kBlockVectors; ++v) {
            const size_t at = i + v * kBlockLanes;
            const V sum = hn::ConvertTo(d, hn::LoadU(di, sums + at));
            values[v] = hn::Mul(hn::Mul(sum, unit), hn::LoadU(d, b_units + at));
            if (bias != nullptr) values[v] = hn::Add(values[v], hn::LoadU(d, bias + at));
            largest = hn::Max(largest, hn::BitCast(di, hn::Abs(values[v])));
        }
        RoundToBlock(values, rounding);
        for (size_t v = 0; v < kBlockVectors; ++v) {
            float* to = out + i + v * kBlockLanes;
            hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, to), values[v]) : values[v], d, to);
        }
    }
    return hn::AllTrue(di, hn::Lt(largest, hn::Set(di, kFirstTooLarge)));
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(LargestMagnitude);
HWY_EXPORT(RowToInt8);
HWY_EXPORT(Int32ToRow);

bool row_exponent(const float* x, size_t n, uint8_t& exponent) {
    init_isa();
    const int32_t bits = HWY_DYNAMIC_DISPATCH(LargestMagnitude)(x, n);
    exponent = static_cast<uint8_t>(bits >> 23);
    return bits < 238 << 23;
}

void row_to_int8(const float* x, size_t n, uint8_t exponent, bfp16::Rounding rounding, int8_t* out) {
    init_isa();
    HWY_DYNAMIC_DISPATCH(RowToInt8)(x, n, exponent, rounding, out);
}

bool int32_to_row(const int32_t* sums, size_t n, float a_unit, const float* b_units, const float* bias,
                  bfp16::Rounding rounding, bool accumulate, float* out) {
    init_isa();
    return HWY_DYNAMIC_DISPATCH(Int32ToRow)(sums, n, a_unit, b_units, bias, rounding, accumulate, out);
}

}  // namespace npuscribe::simd
#endif
