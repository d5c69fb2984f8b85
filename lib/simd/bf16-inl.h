// bfloat16 for CPUs that do not multiply it: bits to f32 and back. Compiled once for each Highway target,
// like math-inl.h.
#if defined(NPUSCRIBE_SIMD_BF16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NPUSCRIBE_SIMD_BF16_INL_H_
#undef NPUSCRIBE_SIMD_BF16_INL_H_
#else
#define NPUSCRIBE_SIMD_BF16_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Rounds to nearest even. Not for NaN.
HWY_INLINE uint32_t Bf16Bits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16;
}

HWY_INLINE float RoundToBf16(float value) {
    const uint32_t bits = Bf16Bits(value) << 16;
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

/// Rounds `count` values, an even number, to count/2 pairs with the first in the low half.
HWY_INLINE void PairsToBf16(const float* values, size_t count, uint32_t* pairs) {
    for (size_t p = 0; p < count / 2; ++p)
        pairs[p] = Bf16Bits(values[2 * p]) | Bf16Bits(values[2 * p + 1]) << 16;
}

template <class D>
struct Pairs {
    hn::Vec<D> even;
    hn::Vec<D> odd;
};

/// Loads a pair for each lane, and widens them.
template <class D>
HWY_INLINE Pairs<D> LoadPairs(D d, const uint32_t* pairs) {
    const hn::RebindToUnsigned<D> du;
    const auto both = hn::LoadU(du, pairs);
    return {hn::BitCast(d, hn::ShiftLeft<16>(both)), hn::BitCast(d, hn::And(both, hn::Set(du, 0xFFFF0000U)))};
}

/// Loads consecutive values, and widens them.
template <class D>
HWY_INLINE hn::Vec<D> LoadBf16(D d, const uint16_t* values) {
    const hn::RebindToUnsigned<D> du;
    const hn::Rebind<uint16_t, D> d16;
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(du, hn::LoadU(d16, values))));
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
