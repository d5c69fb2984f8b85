// Power spectra of many frames at once: each vector lane holds one frame, so that the FFT itself needs no
// shuffles. Compiled once for each Highway target, hence no ordinary include guard.
//
// Why not a library. FFTW is under the GPL. KissFFT (131.1.0, BSD; Debian's package has float only)
// transforms one frame at a time. Measured on one core of an AMD EPYC with AVX-512 BF16, for the 3,000 frames
// of a 30 s window, in ms of CPU time (fastest of 6 x 41):
//
//                                         KissFFT, float    KissFFT, double    ours, double
//   the transforms alone                        4.2               5.3
//   the whole spectrogram, 80 bands             6.5                                1.2
//
// (double: its C++ header.) A spectrogram should cost at most 2 % of its window's encoder, which takes 57 to
// 90 ms with AMX: 1.1 to 1.8 ms. KissFFT's transforms alone take longer than that, even on two threads.
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

/// A lane is a frame: 16 with AVX-512, 8 with AVX2, 4 with SSE or NEON.
using FrameTag = hn::CappedTag<float, 16>;
using FrameVec = hn::Vec<FrameTag>;
constexpr size_t kFrameLanes = hn::MaxLanes(FrameTag());
/// The same in double precision, with half as many lanes.
using DoubleFrameTag = hn::CappedTag<double, 8>;

template <class D>
struct Cplx {
    hn::Vec<D> re;
    hn::Vec<D> im;
};
template <class D>
HWY_INLINE Cplx<D> operator+(Cplx<D> a, Cplx<D> b) {
    return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
template <class D>
HWY_INLINE Cplx<D> operator-(Cplx<D> a, Cplx<D> b) {
    return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
template <class D>
HWY_INLINE Cplx<D> Scale(Cplx<D> a, double s) {
    const auto v = hn::Set(D(), static_cast<hn::TFromD<D>>(s));
    return {hn::Mul(a.re, v), hn::Mul(a.im, v)};
}
template <class D>
HWY_INLINE Cplx<D> MulAdd(Cplx<D> a, double s, Cplx<D> b) {
    const auto v = hn::Set(D(), static_cast<hn::TFromD<D>>(s));
    return {hn::MulAdd(a.re, v, b.re), hn::MulAdd(a.im, v, b.im)};
}
template <class D>
HWY_INLINE Cplx<D> Mul(Cplx<D> a, Twiddle<hn::TFromD<D>> w) {
    const auto re = hn::Set(D(), w.re);
    const auto im = hn::Set(D(), w.im);
    return {hn::NegMulAdd(a.im, im, hn::Mul(a.re, re)), hn::MulAdd(a.re, im, hn::Mul(a.im, re))};
}
template <class D>
HWY_INLINE Cplx<D> TimesMinusI(Cplx<D> a) {
    return {a.im, hn::Neg(a.re)};
}

template <class D>
HWY_INLINE void Dft4(Cplx<D>& x0, Cplx<D>& x1, Cplx<D>& x2, Cplx<D>& x3) {
    const Cplx<D> a = x0 + x2;
    const Cplx<D> b = x0 - x2;
    const Cplx<D> c = x1 + x3;
    const Cplx<D> d = TimesMinusI(x1 - x3);
    x0 = a + c;
    x1 = b + d;
    x2 = a - c;
    x3 = b - d;
}

template <class D>
HWY_INLINE void Dft5(Cplx<D>& x0, Cplx<D>& x1, Cplx<D>& x2, Cplx<D>& x3, Cplx<D>& x4) {
    constexpr double kCos1 = 0.309016994374947424;  // cos and sin of 2π/5 and 4π/5
    constexpr double kCos2 = -0.809016994374947424;
    constexpr double kSin1 = 0.951056516295153572;
    constexpr double kSin2 = 0.587785252292473129;
    const Cplx<D> s1 = x1 + x4;
    const Cplx<D> s2 = x2 + x3;
    const Cplx<D> d1 = x1 - x4;
    const Cplx<D> d2 = x2 - x3;
    const Cplx<D> a1 = MulAdd(s2, kCos2, MulAdd(s1, kCos1, x0));
    const Cplx<D> a2 = MulAdd(s2, kCos1, MulAdd(s1, kCos2, x0));
    const Cplx<D> b1 = TimesMinusI(MulAdd(d2, kSin2, Scale(d1, kSin1)));
    const Cplx<D> b2 = TimesMinusI(MulAdd(d2, -kSin1, Scale(d1, kSin2)));
    x0 = x0 + s1 + s2;
    x1 = a1 + b1;
    x4 = a1 - b1;
    x2 = a2 + b2;
    x3 = a2 - b2;
}

template <class D>
HWY_INLINE void Dft8(Cplx<D> (&x)[8]) {
    constexpr double kHalfRoot = 0.707106781186547524;
    Dft4(x[0], x[2], x[4], x[6]);
    Dft4(x[1], x[3], x[5], x[7]);
    const Cplx<D> turned1 = {hn::Add(x[3].re, x[3].im), hn::Sub(x[3].im, x[3].re)};
    const Cplx<D> turned3 = {hn::Sub(x[7].im, x[7].re), hn::Neg(hn::Add(x[7].re, x[7].im))};
    const Cplx<D> even[4] = {x[0], x[2], x[4], x[6]};
    const Cplx<D> odd[4] = {x[1], Scale(turned1, kHalfRoot), TimesMinusI(x[5]), Scale(turned3, kHalfRoot)};
    for (int k = 0; k < 4; ++k) {
        x[k] = even[k] + odd[k];
        x[k + 4] = even[k] - odd[k];
    }
}

template <class D, size_t R>
HWY_INLINE void DftR(Cplx<D> (&x)[R]) {
    static_assert(R == 4 || R == 5);
    if constexpr (R == 4) {
        Dft4(x[0], x[1], x[2], x[3]);
    } else {
        Dft5(x[0], x[1], x[2], x[3], x[4]);
    }
}

template <class D>
HWY_INLINE Cplx<D> LoadCplx(D d, const hn::TFromD<D>* at) {
    return {hn::Load(d, at), hn::Load(d, at + hn::MaxLanes(d))};
}
template <class D>
HWY_INLINE void StoreCplx(Cplx<D> x, hn::TFromD<D>* at) {
    const D d;
    hn::Store(x.re, d, at);
    hn::Store(x.im, d, at + hn::MaxLanes(d));
}

/// Scratch memory for the spectra of one vector of frames.
template <class D, size_t R>
struct FftScratch {
    using T = hn::TFromD<D>;
    static constexpr size_t kStep = 2 * hn::MaxLanes(D());
    HWY_ALIGN_MAX T columns[RealFftTables<R, T>::kComplex * kStep];
    HWY_ALIGN_MAX T spectrum[RealFftTables<R, T>::kComplex * kStep];
    HWY_ALIGN_MAX T square[R * R * kStep];
};

/// |X[k]|² of a real FFT of 16·R² points for a vector of frames. `load(n)` returns sample n of every frame,
/// windowed; `store(k, power)` receives the bins k = 0 … 8·R² in no particular order.
///
/// Even samples are the real parts and odd samples the imaginary parts of a complex sequence of 8·R² points.
/// Its FFT is split into 8 columns (Cooley-Tukey), each of R × R.
template <class D, size_t R, class Load, class Store>
HWY_INLINE void PowerSpectrum(D d, const RealFftTables<R, hn::TFromD<D>>& tables, FftScratch<D, R>& scratch,
                              Load load, Store store) {
    using T = RealFftTables<R, hn::TFromD<D>>;
    using Value = hn::TFromD<D>;
    constexpr size_t kStep = FftScratch<D, R>::kStep;
    for (size_t n = 0; n < T::kSquare; ++n) {
        Cplx<D> x[8];
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
        const Value* column = scratch.columns + k * T::kSquare * kStep;
        for (size_t b = 0; b < R; ++b) {
            Cplx<D> x[R];
            for (size_t a = 0; a < R; ++a) x[a] = LoadCplx(d, column + (R * a + b) * kStep);
            DftR(x);
            for (size_t c = 0; c < R; ++c) {
                StoreCplx(Mul(x[c], tables.inner[b * R + c]), scratch.square + (c * R + b) * kStep);
            }
        }
        for (size_t c = 0; c < R; ++c) {
            Cplx<D> x[R];
            for (size_t b = 0; b < R; ++b) x[b] = LoadCplx(d, scratch.square + (c * R + b) * kStep);
            DftR(x);
            for (size_t e = 0; e < R; ++e) StoreCplx(x[e], scratch.spectrum + (k + 8 * (c + R * e)) * kStep);
        }
    }

    const auto power = [](Cplx<D> x) HWY_ATTR { return hn::MulAdd(x.re, x.re, hn::Mul(x.im, x.im)); };
    const Cplx<D> first = LoadCplx(d, scratch.spectrum);
    const auto dc = hn::Add(first.re, first.im);
    const auto nyquist = hn::Sub(first.re, first.im);
    store(size_t{0}, hn::Mul(dc, dc));
    store(T::kComplex, hn::Mul(nyquist, nyquist));
    const auto half = hn::Set(d, Value{0.5});
    for (size_t k = 1; k <= T::kComplex / 2; ++k) {
        const Cplx<D> z = LoadCplx(d, scratch.spectrum + k * kStep);
        const Cplx<D> m = LoadCplx(d, scratch.spectrum + (T::kComplex - k) * kStep);
        const Cplx<D> even = {hn::Mul(half, hn::Add(z.re, m.re)), hn::Mul(half, hn::Sub(z.im, m.im))};
        const Cplx<D> odd = {hn::Mul(half, hn::Add(z.im, m.im)), hn::Mul(half, hn::Sub(m.re, z.re))};
        const Cplx<D> turned = Mul(odd, tables.split[k]);
        store(k, power(even + turned));
        store(T::kComplex - k, power(even - turned));
    }
}

}  // namespace npuscribe::audio::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
