#pragma once
// Twiddle factors and the Hann window for fft-inl.h.

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace npuscribe::audio {

/// The periodic Hann window of `kLength` samples.
template <size_t kLength>
std::array<float, kLength> hann_window() {
    std::array<float, kLength> window;
    for (size_t i = 0; i < kLength; ++i) {
        const double phase = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(kLength);
        window[i] = static_cast<float>(0.5 - 0.5 * std::cos(phase));
    }
    return window;
}

/// exp(−2πi·numerator/denominator).
struct Twiddle {
    float re = 1;
    float im = 0;
};
inline Twiddle twiddle(size_t numerator, size_t denominator) {
    const double phase = -2 * std::numbers::pi * static_cast<double>(numerator % denominator) /
                         static_cast<double>(denominator);
    return {static_cast<float>(std::cos(phase)), static_cast<float>(std::sin(phase))};
}

/// For a real FFT of 16·R² points: R = 5 makes Whisper's 400, R = 4 makes Silero's 256.
template <size_t R>
struct RealFftTables {
    static constexpr size_t kSquare = R * R;
    static constexpr size_t kComplex = 8 * kSquare;  // points of the complex FFT inside
    static constexpr size_t kReal = 2 * kComplex;
    static constexpr size_t kBins = kComplex + 1;

    RealFftTables() {
        for (size_t k = 0; k < 8; ++k) {
            for (size_t n = 0; n < kSquare; ++n) outer[k * kSquare + n] = twiddle(k * n, kComplex);
        }
        for (size_t b = 0; b < R; ++b) {
            for (size_t c = 0; c < R; ++c) inner[b * R + c] = twiddle(b * c, kSquare);
        }
        for (size_t k = 0; k <= kComplex / 2; ++k) split[k] = twiddle(k, kReal);
    }

    std::array<Twiddle, kComplex> outer;          // [8 × R²]
    std::array<Twiddle, kSquare> inner;           // [R × R]
    std::array<Twiddle, kComplex / 2 + 1> split;  // even and odd samples' spectra back into one
};

}  // namespace npuscribe::audio
