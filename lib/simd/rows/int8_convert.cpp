#include "simd/rows/int8_convert.h"

#include <algorithm>

#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rows/int8_convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/rows/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

using bfp16::kBlockBytes;
using bfp16::kBlockSize;
using bfp16::Rounding;

// A block of 8 values is one vector of 8 lanes, or several shorter ones.
using D = hn::CappedTag<float, 8>;
constexpr size_t kLanes = hn::MaxLanes(D());

bool ToBlocks(const float* x, size_t cols, Rounding rounding, uint8_t* blocks) {
    return rounding == Rounding::floor ? QuantiseRow<Rounding::floor>(x, cols, blocks)
                                       : QuantiseRow<Rounding::nearest_even>(x, cols, blocks);
}

void BlocksToInt8(const uint8_t* blocks, size_t count, uint8_t exponent, int8_t* out) {
    const D d;
    const hn::RebindToSigned<D> di;
    const hn::Rebind<int8_t, D> d8;
    for (size_t block = 0; block < count; ++block, blocks += kBlockBytes) {
        // 2^(−shift). With 126 all mantissas round to 0, as with any larger shift.
        const uint32_t shift = std::min<uint32_t>(exponent - blocks[0], 126);
        const auto scale = hn::Set(d, std::bit_cast<float>((127 - shift) << 23));
        for (size_t i = 0; i < kBlockSize; i += kLanes, out += kLanes) {
            const auto mantissas = hn::LoadU(d8, reinterpret_cast<const int8_t*>(blocks + 1 + i));
            const auto aligned = hn::Mul(hn::ConvertTo(d, hn::PromoteTo(di, mantissas)), scale);
            hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(aligned)), d8, out);
        }
    }
}

bool Int32ToBlocks(const Int32Row& row, Rounding rounding, uint8_t* blocks) {
    const auto [sums, n, unit, column_units, bias] = row;
    const D d;
    const hn::RebindToSigned<D> di;
    constexpr size_t kPiece = 128;  // values that stay in the first cache between the two steps
    alignas(64) float values[kPiece];
    bool good = true;
    for (size_t first = 0; first < n; first += kPiece) {
        const size_t count = std::min(kPiece, n - first);
        for (size_t i = 0; i < count; i += kLanes) {
            const auto sum = hn::ConvertTo(d, hn::LoadU(di, sums + first + i));
            auto value = hn::Mul(hn::Mul(sum, hn::Set(d, unit)), hn::LoadU(d, column_units + first + i));
            if (bias != nullptr) value = hn::Add(value, hn::LoadU(d, bias + first + i));
            hn::StoreU(value, d, values + i);
        }
        good &= ToBlocks(values, count, rounding, blocks + first / kBlockSize * kBlockBytes);
    }
    return good;
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(BlocksToInt8);
HWY_EXPORT(Int32ToBlocks);

uint8_t largest_exponent(const uint8_t* blocks, size_t count) {
    uint8_t largest = 0;
    for (size_t block = 0; block < count; ++block)
        largest = std::max(largest, blocks[block * bfp16::kBlockBytes]);
    return largest;
}

void blocks_to_int8(const uint8_t* blocks, size_t count, uint8_t exponent, int8_t* out) {
    init_isa();
    HWY_DYNAMIC_DISPATCH(BlocksToInt8)(blocks, count, exponent, out);
}

bool int32_to_blocks(const Int32Row& row, bfp16::Rounding rounding, uint8_t* blocks) {
    init_isa();
    return HWY_DYNAMIC_DISPATCH(Int32ToBlocks)(row, rounding, blocks);
}

}  // namespace npuscribe::simd
#endif
