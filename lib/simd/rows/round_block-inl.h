// Rounding to BFP16 with values kept as floats. Compiled once for each Highway target, like math-inl.h.
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

/// Blocks in vectors of one width: a vector is a part of a block, a block, or two.
template <class D>
struct BlockVectors {
    using V = hn::Vec<D>;
    static constexpr size_t kLanes = hn::MaxLanes(D());
    static constexpr size_t kVectors = kLanes < bfp16::kBlockSize ? bfp16::kBlockSize / kLanes : 1;
    static constexpr size_t kValues = kLanes * kVectors;  // of whole blocks
};
using WideTag = hn::CappedTag<float, 2 * bfp16::kBlockSize>;
using BlockTag = hn::CappedTag<float, bfp16::kBlockSize>;

/// Calls `work(tag, i)` for all n values of a row (a multiple of 8): each call is for the
/// BlockVectors<tag>::kValues values from i on.
template <class Work>
HWY_INLINE void ForBlocks(size_t n, Work&& work) {
    constexpr size_t kWide = BlockVectors<WideTag>::kValues;
    size_t i = 0;
    for (; i + kWide <= n; i += kWide) work(WideTag(), i);
    if constexpr (kWide != bfp16::kBlockSize) {
        if (i < n) work(BlockTag(), i);
    }
}

/// The largest magnitude of a row, as bits: positive floats order like them.
class LargestOfRow {
  public:
    // Not member initialisers: the constructor that GCC makes for them has no target attributes.
    HWY_INLINE LargestOfRow() : wide_(hn::Zero(WideInt())), tail_(hn::Zero(TailInt())) {}

    template <class D>
    HWY_INLINE void include(D d, hn::Vec<D> values) {
        const hn::RebindToSigned<D> di;
        const auto bits = hn::BitCast(di, hn::Abs(values));
        (void)d;
        if constexpr (hn::MaxLanes(D()) == hn::MaxLanes(WideTag())) {
            wide_ = hn::Max(wide_, bits);
        } else {
            tail_ = hn::Max(tail_, bits);
        }
    }
    HWY_INLINE int32_t bits() const {
        const auto wide = hn::MaxOfLanes(WideInt(), wide_);
        const auto tail = hn::MaxOfLanes(TailInt(), tail_);
        return HWY_MAX(hn::GetLane(wide), hn::GetLane(tail));
    }

  private:
    using WideInt = hn::RebindToSigned<WideTag>;
    using TailInt = hn::RebindToSigned<BlockTag>;
    hn::Vec<WideInt> wide_;
    hn::Vec<TailInt> tail_;
};

/// The largest of a block in each of its lanes.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LargestOfBlock(D d, V v) {
    if constexpr (hn::MaxLanes(D()) == 2 * bfp16::kBlockSize) {
        // Found by their argument: not every target's namespace has them.
        v = hn::Max(v, Shuffle2301(v));
        v = hn::Max(v, Shuffle1032(v));
        return hn::Max(v, SwapAdjacentBlocks(v));
    } else {
        return hn::MaxOfLanes(d, v);
    }
}

/// Rounds blocks to what BFP16 can hold. Adding and taking away 1.5·2^23 units of the last mantissa place
/// rounds to that place, to nearest even, in the adder itself. Exact for block exponents up to 237
/// (magnitudes below bfp16::kMagnitudeLimit).
template <class D>
HWY_INLINE void RoundToBlock(D d, hn::Vec<D>* values, bfp16::Rounding rounding) {
    constexpr size_t kVectors = BlockVectors<D>::kVectors;
    const hn::RebindToSigned<D> di;
    auto largest = hn::BitCast(di, hn::Abs(values[0]));
    for (size_t v = 1; v < kVectors; ++v) largest = hn::Max(largest, hn::BitCast(di, hn::Abs(values[v])));
    // Positive floats order like their bits.
    const auto top = LargestOfBlock(d, hn::BitCast(d, largest));
    const auto exponent = hn::ShiftRight<23>(hn::BitCast(di, top));
    const auto field = hn::Min(hn::Add(exponent, hn::Set(di, 17)), hn::Set(di, 254));
    const auto magic = hn::BitCast(d, hn::Or(hn::ShiftLeft<23>(field), hn::Set(di, 0x400000)));
    // One unit in the last place: 2^(exponent − 133), exact even if it is subnormal.
    const auto unit = hn::Sub(hn::BitCast(d, hn::Add(hn::BitCast(di, magic), hn::Set(di, 1))), magic);
    const auto most = hn::Mul(unit, hn::Set(d, 127.0F));
    const auto least = hn::Mul(unit, hn::Set(d, -128.0F));
    for (size_t v = 0; v < kVectors; ++v) {
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
