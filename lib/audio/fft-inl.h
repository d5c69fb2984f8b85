// Power spectra of many frames at once: a frame in each vector lane, so that the FFT itself has no shuffles.
// Compiled once a Highway target; no ordinary include guard on purpose.
#if defined(NPUSCRIBE_AUDIO_FFT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NPUSCRIBE_AUDIO_FFT_INL_H_
#undef NPUSCRIBE_AUDIO_FFT_INL_H_
#else
#define NPUSCRIBE_AUDIO_FFT_INL_H_
#endif

#include <hwy/highway.h>

#include "audio/fft_tables.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::audio::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Lanes of a frame group: 16 with AVX-512, 8 with AVX2, 4 with SSE or NEON.
using FrameTag = hn::CappedTag<float, 16>;
using FrameVec = hn::Vec<FrameTag>;
constexpr size_t kFrameLanes = hn::MaxLanes(FrameTag());

struct Cplx {
    FrameVec re;
    FrameVec im;
};
HWY_INLINE Cplx operator+(Cplx a, Cplx b) {
    return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
HWY_INLINE Cplx operator-(Cplx a, Cplx b) {
    return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
HWY_INLINE Cplx Scale(Cplx a, float s) {
    const FrameVec v = hn::Set(FrameTag(), s);
    return {hn::Mul(a.re, v), hn::Mul(a.im, v)};
}
HWY_INLINE Cplx MulAdd(Cplx a, float s, Cplx b) {
    const FrameVec v = hn::Set(FrameTag(), s);
    return {hn::MulAdd(a.re, v, b.re), hn::MulAdd(a.im, v, b.im)};
}
HWY_INLINE Cplx Mul(Cplx a, Twiddle w) {
    const FrameVec re = hn::Set(FrameTag(), w.re);
    const FrameVec im = hn::Set(FrameTag(), w.im);
    return {hn::NegMulAdd(a.im, im, hn::Mul(a.re, re)), hn::MulAdd(a.re, im, hn::Mul(a.im, re))};
}
HWY_INLINE Cplx TimesMinusI(Cplx a) {
    return {a.im, hn::Neg(a.re)};
}

HWY_INLINE void Dft4(Cplx& x0, Cplx& x1, Cplx& x2, Cplx& x3) {
    const Cplx a = x0 + x2;
    const Cplx b = x0 - x2;
    const Cplx c = x1 + x3;
    const Cplx d = TimesMinusI(x1 - x3);
    x0 = a + c;
    x1 = b + d;
    x2 = a - c;
    x3 = b - d;
}

HWY_INLINE void Dft5(Cplx& x0, Cplx& x1, Cplx& x2, Cplx& x3, Cplx& x4) {
    constexpr float kCos1 = 0.309016994374947424F;  // cos and sin of 2π/5 and 4π/5
    constexpr float kCos2 = -0.809016994374947424F;
    constexpr float kSin1 = 0.951056516295153572F;
    constexpr float kSin2 = 0.587785252292473129F;
    const Cplx s1 = x1 + x4;
    const Cplx s2 = x2 + x3;
    const Cplx d1 = x1 - x4;
    const Cplx d2 = x2 - x3;
    const Cplx a1 = MulAdd(s2, kCos2, MulAdd(s1, kCos1, x0));
    const Cplx a2 = MulAdd(s2, kCos1, MulAdd(s1, kCos2, x0));
    const Cplx b1 = TimesMinusI(MulAdd(d2, kSin2, Scale(d1, kSin1)));
    const Cplx b2 = TimesMinusI(MulAdd(d2, -kSin1, Scale(d1, kSin2)));
    x0 = x0 + s1 + s2;
    x1 = a1 + b1;
    x4 = a1 - b1;
    x2 = a2 + b2;
    x3 = a2 - b2;
}

HWY_INLINE void Dft8(Cplx (&x)[8]) {
    constexpr float kHalfRoot = 0.707106781186547524F;
    Dft4(x[0], x[2], x[4], x[6]);
    Dft4(x[1], x[3], x[5], x[7]);
    const Cplx odd1 = Scale({hn::Add(x[3].re, x[3].im), hn::Sub(x[3].im, x[3].re)}, kHalfRoot);
    const Cplx odd2 = TimesMinusI(x[5]);
    const Cplx odd3 = Scale({hn::Sub(x[7].im, x[7].re), hn::Neg(hn::Add(x[7].re, x[7].im))}, kHalfRoot);
    const Cplx even[4] = {x[0], x[2], x[4], x[6]};
    const Cplx odd[4] = {x[1], odd1, odd2, odd3};
    for (int k = 0; k < 4; ++k) {
        x[k] = even[k] + odd[k];
        x[k + 4] = even[k] - odd[k];
    }
}

template <size_t R>
HWY_INLINE void DftR(Cplx (&x)[R]) {
    static_assert(R == 4 || R == 5);
    if constexpr (R == 4) {
        Dft4(x[0], x[1], x[2], x[3]);
    } else {
        Dft5(x[0], x[1], x[2], x[3], x[4]);
    }
}

HWY_INLINE Cplx LoadCplx(const float* at) {
    const FrameTag d;
    return {hn::Load(d, at), hn::Load(d, at + kFrameLanes)};
}
HWY_INLINE void StoreCplx(Cplx x, float* at) {
    const FrameTag d;
    hn::Store(x.re, d, at);
    hn::Store(x.im, d, at + kFrameLanes);
}

/// Room for one group's spectrum, in two stages.
template <size_t R>
struct FftScratch {
    HWY_ALIGN_MAX float columns[RealFftTables<R>::kComplex * 2 * kFrameLanes];
    HWY_ALIGN_MAX float spectrum[RealFftTables<R>::kComplex * 2 * kFrameLanes];
    HWY_ALIGN_MAX float square[R * R * 2 * kFrameLanes];
};

/// |X[k]|² of a real FFT of 16·R² points for kFrameLanes frames. `load(n)` gives sample n of every frame
/// (windowed); `store(k, power)` takes bin k, 0 to 8·R², in no special order.
///
/// Even samples are the real and odd ones the imaginary parts of a complex sequence of 8·R² points, whose FFT
/// is 8 columns (Cooley-Tukey), each of R × R.
template <size_t R, class Load, class Store>
HWY_INLINE void PowerSpectrum(const RealFftTables<R>& tables, FftScratch<R>& scratch, Load load,
                              Store store) {
    using T = RealFftTables<R>;
    constexpr size_t kStep = 2 * kFrameLanes;
    for (size_t n = 0; n < T::kSquare; ++n) {
        Cplx x[8];
        for (size_t i = 0; i < 8; ++i) {
            const size_t sample = 2 * (T::kSquare * i + n);
            x[i] = {load(sample), load(sample + 1)};
        }
        Dft8(x);
        StoreCplx(x[0], scratch.columns + n * kStep);
        for (size_t k = 1; k < 8; ++k) {
            const size_t at = k * T::kSquare + n;
            StoreCplx(Mul(x[k], tables.outer[at]), scratch.columns + at * kStep);
        }
    }
    for (size_t k = 0; k < 8; ++k) {
        const float* column = scratch.columns + k * T::kSquare * kStep;
        for (size_t b = 0; b < R; ++b) {
            Cplx x[R];
            for (size_t a = 0; a < R; ++a) x[a] = LoadCplx(column + (R * a + b) * kStep);
            DftR<R>(x);
            for (size_t c = 0; c < R; ++c) {
                StoreCplx(Mul(x[c], tables.inner[b * R + c]), scratch.square + (c * R + b) * kStep);
            }
        }
        for (size_t c = 0; c < R; ++c) {
            Cplx x[R];
            for (size_t b = 0; b < R; ++b) x[b] = LoadCplx(scratch.square + (c * R + b) * kStep);
            DftR<R>(x);
            for (size_t e = 0; e < R; ++e) StoreCplx(x[e], scratch.spectrum + (k + 8 * (c + R * e)) * kStep);
        }
    }

    const FrameTag d;
    const auto power = [](Cplx x) HWY_ATTR { return hn::MulAdd(x.re, x.re, hn::Mul(x.im, x.im)); };
    const Cplx first = LoadCplx(scratch.spectrum);
    const FrameVec dc = hn::Add(first.re, first.im);
    const FrameVec nyquist = hn::Sub(first.re, first.im);
    store(size_t{0}, hn::Mul(dc, dc));
    store(T::kComplex, hn::Mul(nyquist, nyquist));
    const FrameVec half = hn::Set(d, 0.5F);
    for (size_t k = 1; k <= T::kComplex / 2; ++k) {
        const Cplx z = LoadCplx(scratch.spectrum + k * kStep);
        const Cplx m = LoadCplx(scratch.spectrum + (T::kComplex - k) * kStep);
        const Cplx even = {hn::Mul(half, hn::Add(z.re, m.re)), hn::Mul(half, hn::Sub(z.im, m.im))};
        const Cplx odd = {hn::Mul(half, hn::Add(z.im, m.im)), hn::Mul(half, hn::Sub(m.re, z.re))};
        const Cplx turned = Mul(odd, tables.split[k]);
        store(k, power(even + turned));
        store(T::kComplex - k, power(even - turned));
    }
}

}  // namespace npuscribe::audio::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
