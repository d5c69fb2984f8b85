#include "audio/mel_filters.h"

#include <Eigen/Core>
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
    const auto last = static_cast<double>(n_mels + 1);
    const double top = mel_of(sample_rate / 2);
    const Eigen::ArrayXd corners =
        (Eigen::ArrayXd::LinSpaced(static_cast<Eigen::Index>(n_mels) + 2, 0, last) * top / last)
            .unaryExpr(&hertz_of);
    const double bin = sample_rate / static_cast<double>(fft_length);  // Hz
    std::vector<MelBand> bands;
    for (Eigen::Index band = 0; band + 2 < corners.size(); ++band) {
        const double low = corners[band], peak = corners[band + 1], high = corners[band + 2];
        // The bins strictly between the outer corners.
        const double first = std::floor(low / bin) + 1, end = std::ceil(high / bin);
        const Eigen::ArrayXd hertz =
            Eigen::ArrayXd::LinSpaced(static_cast<Eigen::Index>(end - first), first, end - 1) * bin;
        const Eigen::ArrayXd triangle = ((hertz - low) / (peak - low)).min((high - hertz) / (high - peak));
        const Eigen::ArrayXf weights = (triangle * 2 / (high - low)).cast<float>();  // of equal area
        bands.push_back({static_cast<size_t>(first), {weights.begin(), weights.end()}});
    }
    return bands;
}

}  // namespace npuscribe::audio
