// Rounding to BFP16 with the values kept as floats, compiled once a Highway target. Include between
// foreach_target.h and HWY_BEFORE_NAMESPACE; no include guard on purpose.
#if defined(NPUSCRIBE_SIMD_ROUND_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NPUSCRIBE_SIMD_ROUND_BLOCK_INL_H_
#undef NPUSCRIBE_SIMD_ROUND_BLOCK_INL_H_
#else
#define NPUSCRIBE_SIMD_ROUND_BLOCK_INL_H_
#endif

#include <hwy/highway.h>

#include "bfp16/block.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A block of 8 values is one vector of 8 lanes, or several of fewer.
using BlockTag = hn::CappedTag<float, 8>;
constexpr size_t kBlockLanes = hn::MaxLanes(BlockTag());
constexpr size_t kBlockVectors = bfp16::kBlockSize / kBlockLanes;

/// Rounds a block to what BFP16 can hold. Adding and taking away 1.5·2^23 units of the last mantissa place
/// rounds to that place, to nearest even, in the adder itself. Exact for block exponents up to 237
/// (magnitudes below 2^111).
HWY_INLINE void RoundToBlock(hn::Vec<BlockTag>* values, bfp16::Rounding rounding) {
    const BlockTag d;
    const hn::RebindToSigned<BlockTag> di;
    auto largest = hn::BitCast(di, hn::Abs(values[0]));
    for (size_t v = 1; v < kBlockVectors; ++v)
        largest = hn::Max(largest, hn::BitCast(di, hn::Abs(values[v])));
    // Positive floats order like their bits.
    const auto top = hn::MaxOfLanes(d, hn::BitCast(d, largest));
    const auto exponent = hn::ShiftRight<23>(hn::BitCast(di, top));
    const auto field = hn::Min(hn::Add(exponent, hn::Set(di, 17)), hn::Set(di, 254));
    const auto magic = hn::BitCast(d, hn::Or(hn::ShiftLeft<23>(field), hn::Set(di, 0x400000)));
    // One unit in the last place: 2^(exponent − 133), exact even where it is subnormal.
    const auto unit = hn::Sub(hn::BitCast(d, hn::Add(hn::BitCast(di, magic), hn::Set(di, 1))), magic);
    const auto most = hn::Mul(unit, hn::Set(d, 127.0F));
    const auto least = hn::Mul(unit, hn::Set(d, -128.0F));
    for (size_t v = 0; v < kBlockVectors; ++v) {
        auto rounded = hn::Sub(hn::Add(values[v], magic), magic);
        if (rounding == bfp16::Rounding::floor) {
            rounded = hn::Sub(rounded, hn::IfThenElseZero(hn::Gt(rounded, values[v]), unit));
        }
        values[v] = hn::Max(hn::Min(rounded, most), least);
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
