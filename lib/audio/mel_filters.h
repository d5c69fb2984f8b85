#pragma once
// The triangular filters that turn a power spectrum into mel bands.

#include <cstddef>
#include <vector>

namespace npuscribe::audio {

/// One band: the weights of consecutive bins of the spectrum, from `first_bin` on. All other bins have weight
/// 0.
struct MelBand {
    size_t first_bin = 0;
    std::vector<float> weights;
};

/// Slaney's mel scale (linear below 1 kHz, 27 steps for each factor of 6.4 above) and area normalisation,
/// from 0 Hz to half the sample rate, over the `fft_length / 2 + 1` bins of a real FFT. These are the
/// defaults of librosa.filters.mel, from which Whisper's mel_filters.npz was made.
std::vector<MelBand> mel_filters(size_t n_mels, size_t fft_length, double sample_rate);

}  // namespace npuscribe::audio
