#include "audio/mel_filters.h"

#include <algorithm>
#include <cmath>

namespace npuscribe::audio {
namespace {

// Slaney, Auditory Toolbox (1998), mfcc.m.
constexpr double kLinearStep = 200.0 / 3.0;  // Hz a mel below the break
constexpr double kBreakHertz = 1000.0;
constexpr double kBreakMel = kBreakHertz / kLinearStep;
const double kLogStep = std::log(6.4) / 27.0;

double mel_of(double hertz) {
    if (hertz < kBreakHertz) return hertz / kLinearStep;
    return kBreakMel + std::log(hertz / kBreakHertz) / kLogStep;
}

double hertz_of(double mel) {
    if (mel < kBreakMel) return mel * kLinearStep;
    return kBreakHertz * std::exp(kLogStep * (mel - kBreakMel));
}

}  // namespace

std::vector<MelBand> mel_filters(size_t n_mels, size_t fft_length, double sample_rate) {
    // n_mels triangles need n_mels + 2 corners, evenly spaced in mel.
    std::vector<double> corners(n_mels + 2);
    const double top = mel_of(sample_rate / 2);
    for (size_t i = 0; i < corners.size(); ++i) {
        corners[i] = hertz_of(top * static_cast<double>(i) / static_cast<double>(n_mels + 1));
    }

    const size_t n_bins = fft_length / 2 + 1;
    std::vector<MelBand> bands(n_mels);
    for (size_t band = 0; band < n_mels; ++band) {
        const double low = corners[band];
        const double peak = corners[band + 1];
        const double high = corners[band + 2];
        const double area = 2.0 / (high - low);
        for (size_t bin = 0; bin < n_bins; ++bin) {
            const double hertz = static_cast<double>(bin) * sample_rate / static_cast<double>(fft_length);
            const double weight = std::min((hertz - low) / (peak - low), (high - hertz) / (high - peak));
            if (weight <= 0) continue;
            if (bands[band].weights.empty()) bands[band].first_bin = bin;
            bands[band].weights.push_back(static_cast<float>(weight * area));
        }
    }
    return bands;
}

}  // namespace npuscribe::audio
