#include "simd/rows/int8_rows.h"

#include <bit>

#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rows/int8_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/rows/round_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

using bfp16::kBlockSize;
using bfp16::Rounding;

constexpr auto kLimit = static_cast<int32_t>(bfp16::kMagnitudeLimitBits);

/// Bits of the largest magnitude.
int32_t LargestMagnitude(const float* x, size_t n) {
    LargestOfRow largest;
    ForBlocks(n, [&](auto d, size_t i) HWY_ATTR {
        using Blocks = BlockVectors<decltype(d)>;
        for (size_t at = i; at < i + Blocks::kValues; at += Blocks::kLanes)
            largest.include(d, hn::LoadU(d, x + at));
    });
    return largest.bits();
}

void RowToInt8(const float* x, size_t n, uint8_t exponent, Rounding rounding, int8_t* out) {
    // 2^(133 − exponent) in two factors, because alone it may be too large for f32.
    const int power = 133 - exponent;
    const float first = std::bit_cast<float>(static_cast<uint32_t>(127 + power / 2) << 23);
    const float second = std::bit_cast<float>(static_cast<uint32_t>(127 + power - power / 2) << 23);
    ForBlocks(n, [&](auto d, size_t i) HWY_ATTR {
        using Blocks = BlockVectors<decltype(d)>;
        const hn::Rebind<int8_t, decltype(d)> d8;
        typename Blocks::V values[Blocks::kVectors];
        for (size_t v = 0; v < Blocks::kVectors; ++v) values[v] = hn::LoadU(d, x + i + v * Blocks::kLanes);
        RoundToBlock(d, values, rounding);
        for (size_t v = 0; v < Blocks::kVectors; ++v) {
            const auto scaled = hn::Mul(hn::Mul(values[v], hn::Set(d, first)), hn::Set(d, second));
            hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(scaled)), d8, out + i + v * Blocks::kLanes);
        }
    });
}

bool Int32ToRow(const Int32Row& row, Rounding rounding, bool accumulate, float* out) {
    // Copies, which the stores to `out` cannot change.
    const int32_t* sums = row.sums;
    const float unit = row.unit;
    const float* column_units = row.column_units;
    const float* bias = row.bias;
    LargestOfRow largest;
    ForBlocks(row.n, [&](auto d, size_t i) HWY_ATTR {
        using Blocks = BlockVectors<decltype(d)>;
        const hn::RebindToSigned<decltype(d)> di;
        typename Blocks::V values[Blocks::kVectors];
        for (size_t v = 0; v < Blocks::kVectors; ++v) {
            const size_t at = i + v * Blocks::kLanes;
            const auto sum = hn::ConvertTo(d, hn::LoadU(di, sums + at));
            values[v] = hn::Mul(hn::Mul(sum, hn::Set(d, unit)), hn::LoadU(d, column_units + at));
            if (bias != nullptr) values[v] = hn::Add(values[v], hn::LoadU(d, bias + at));
            largest.include(d, values[v]);
        }
        RoundToBlock(d, values, rounding);
        for (size_t v = 0; v < Blocks::kVectors; ++v) {
            float* to = out + i + v * Blocks::kLanes;
            hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, to), values[v]) : values[v], d, to);
        }
    });
    return largest.bits() < kLimit;
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
    return static_cast<uint32_t>(bits) < bfp16::kMagnitudeLimitBits;
}

void row_to_int8(const float* x, size_t n, uint8_t exponent, bfp16::Rounding rounding, int8_t* out) {
    init_isa();
    HWY_DYNAMIC_DISPATCH(RowToInt8)(x, n, exponent, rounding, out);
}

bool int32_to_row(const Int32Row& row, bfp16::Rounding rounding, bool accumulate, float* out) {
    init_isa();
    return HWY_DYNAMIC_DISPATCH(Int32ToRow)(row, rounding, accumulate, out);
}

}  // namespace npuscribe::simd
#endif
