// Vector mathematics for the kernels of this folder, compiled once for each Highway target. Include it after
// foreach_target.h: in place of an include guard it has Highway's toggle, so that each target gets it once.
#if defined(NPUSCRIBE_SIMD_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NPUSCRIBE_SIMD_MATH_INL_H_
#undef NPUSCRIBE_SIMD_MATH_INL_H_
#else
#define NPUSCRIBE_SIMD_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// 2^x for x <= 127, relative error below 2e-7; 0 below −126. Minimax polynomial over [−½, ½].
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp2(D d, V x) {
    const hn::RebindToSigned<D> di;
    const V clamped = hn::Max(x, hn::Set(d, -126.0F));
    const V whole = hn::Round(clamped);
    const V f = hn::Sub(clamped, whole);
    V p = hn::Set(d, 0.0013266970F);
    p = hn::MulAdd(p, f, hn::Set(d, 0.0096754597F));
    p = hn::MulAdd(p, f, hn::Set(d, 0.055507426F));
    p = hn::MulAdd(p, f, hn::Set(d, 0.24022122F));
    p = hn::MulAdd(p, f, hn::Set(d, 0.69314695F));
    p = hn::MulAdd(p, f, hn::Set(d, 1.0000001F));
    const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(di, whole));
    const V scaled = hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
    return hn::IfThenElseZero(hn::Ge(x, hn::Set(d, -126.0F)), scaled);
}

/// x·½·(1 + erf(x/√2)), absolute error below 2e-6. erf(x/√2)/x is a polynomial in v = 2x²/25 − 1 on |x| <= 5
/// (a Chebyshev fit of degree 12), and 1 beyond.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Gelu(D d, V x) {
    constexpr float kFit[13] = {0.28272757F,   -0.14059266F,   0.10304200F,   -0.080882855F, 0.062872119F,
                                -0.046551753F, 0.032860797F,   -0.022293096F, 0.012704656F,  -0.0054089976F,
                                0.0035550771F, -0.0032120470F, 0.0011791483F};
    const V bound = hn::Set(d, 5.0F);
    const V c = hn::Max(hn::Min(x, bound), hn::Neg(bound));
    const V v = hn::MulAdd(hn::Mul(c, c), hn::Set(d, 2.0F / 25.0F), hn::Set(d, -1.0F));
    V p = hn::Set(d, kFit[12]);
    for (int i = 11; i >= 0; --i) p = hn::MulAdd(p, v, hn::Set(d, kFit[i]));
    const V one = hn::Set(d, 1.0F);
    const V erf = hn::Max(hn::Min(hn::Mul(c, p), one), hn::Neg(one));
    const V half = hn::Mul(x, hn::Set(d, 0.5F));
    return hn::MulAdd(half, erf, half);
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
