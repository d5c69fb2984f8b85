#pragma once
// Twiddle factors and the Hann window for fft-inl.h.

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace npuscribe::audio {

/// The periodic Hann window of `kLength` samples.
template <size_t kLength, class T>
std::array<T, kLength> hann_window() {
    std::array<T, kLength> window;
    for (size_t i = 0; i < kLength; ++i) {
        const double phase = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(kLength);
        window[i] = static_cast<T>(0.5 - 0.5 * std::cos(phase));
    }
    return window;
}

/// exp(−2πi·numerator/denominator).
template <class T>
struct Twiddle {
    T re = 1;
    T im = 0;
    Twiddle() = default;
    Twiddle(size_t numerator, size_t denominator) {
        const double phase = -2 * std::numbers::pi * static_cast<double>(numerator % denominator) /
                             static_cast<double>(denominator);
        re = static_cast<T>(std::cos(phase));
        im = static_cast<T>(std::sin(phase));
    }
};

/// Twiddle factors of a real FFT of 16·R² points: R = 5 gives Whisper's 400, R = 4 gives Silero's 256.
template <size_t R, class T>
struct RealFftTables {
    static constexpr size_t kSquare = R * R;
    static constexpr size_t kComplex = 8 * kSquare;  // points of the complex FFT inside
    static constexpr size_t kReal = 2 * kComplex;
    static constexpr size_t kBins = kComplex + 1;

    RealFftTables() {
        for (size_t k = 0; k < 8; ++k) {
            for (size_t n = 0; n < kSquare; ++n) outer[k * kSquare + n] = Twiddle<T>(k * n, kComplex);
        }
        for (size_t b = 0; b < R; ++b) {
            for (size_t c = 0; c < R; ++c) inner[b * R + c] = Twiddle<T>(b * c, kSquare);
        }
        for (size_t k = 0; k <= kComplex / 2; ++k) split[k] = Twiddle<T>(k, kReal);
    }

    std::array<Twiddle<T>, kComplex> outer;          // [8 × R²]
    std::array<Twiddle<T>, kSquare> inner;           // [R × R]
    std::array<Twiddle<T>, kComplex / 2 + 1> split;  // join the spectra of even and odd samples
};

}  // namespace npuscribe::audio
