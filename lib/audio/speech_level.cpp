#include "audio/speech_level.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "audio/stream.h"

namespace npuscribe::audio {
namespace {

// In dB. The words of one reader hardly ever differ by 15 dB from stretch to stretch, and levelling does not
// help them. From 10 dB below its neighbours on, Whisper hears a voice as well as at their level.
constexpr float kFarBelow = 15.0F;
constexpr float kRaisedTo = 10.0F;
constexpr float kMostGain = 25.0F;

constexpr int64_t kReach = kSampleRate * 2 / 5;  // around a stretch: 0.4 s, what windows keep of a pause
constexpr int64_t kRamp = kSampleRate / 50;      // from one gain to the next: 20 ms, no click

/// The gain at a sample of the window. Between two knots it goes on evenly.
struct Knot {
    int64_t at = 0;
    float gain = 1;
};

float decibels(std::span<const float> samples) {
    double sum = 0;
    for (const float sample : samples) sum += static_cast<double>(sample) * static_cast<double>(sample);
    return static_cast<float>(10 * std::log10(sum / static_cast<double>(samples.size()) + 1e-14));
}

/// The factor for each stretch of speech.
std::vector<float> gains_of(const Window& window) {
    std::vector<float> levels;
    for (const Range& range : window.speech) {
        const auto first = static_cast<size_t>(range.begin);
        levels.push_back(
            decibels(std::span(window.samples).subspan(first, static_cast<size_t>(range.end) - first)));
    }
    const float loudest = *std::max_element(levels.begin(), levels.end());
    std::vector<float> gains;
    for (const float level : levels) {
        const float lift = level < loudest - kFarBelow ? std::min(loudest - kRaisedTo - level, kMostGain) : 0;
        gains.push_back(std::pow(10.0F, lift / 20));
    }
    return gains;
}

/// Each stretch has its gain up to the middle of the pause beside it, but no further than kReach; what is
/// further away stays as it is.
std::vector<Knot> knots_of(const Window& window, const std::vector<float>& gains) {
    const auto length = static_cast<int64_t>(window.samples.size());
    std::vector<Knot> knots{{-kRamp, 1}};
    int64_t before = 0;  // where the gain of the stretch before ends
    for (size_t i = 0; i < gains.size(); ++i) {
        const Range& range = window.speech[i];
        const int64_t middle = i > 0 ? (window.speech[i - 1].end + range.begin) / 2 : 0;
        const int64_t begin = std::max(middle, range.begin - kReach);
        const int64_t next = i + 1 < gains.size() ? (range.end + window.speech[i + 1].begin) / 2 : length;
        const int64_t end = std::min(next, range.end + kReach);
        if (begin - before >= 2 * kRamp) {
            knots.push_back({before + kRamp / 2, 1});
            knots.push_back({begin - kRamp / 2, 1});
        }
        const int64_t centre = (range.begin + range.end) / 2;  // of a stretch that is shorter than the ramps
        knots.push_back({std::min(begin + kRamp / 2, centre), gains[i]});
        knots.push_back({std::max(end - kRamp / 2, centre), gains[i]});
        before = end;
    }
    knots.push_back({before + kRamp / 2, 1});
    return knots;
}

}  // namespace

void level_speech(Window& window) {
    if (window.speech.size() < 2) return;
    const std::vector<float> gains = gains_of(window);
    if (*std::max_element(gains.begin(), gains.end()) == 1) return;
    const std::vector<Knot> knots = knots_of(window, gains);
    const auto length = static_cast<int64_t>(window.samples.size());
    for (size_t k = 1; k < knots.size(); ++k) {
        const Knot& from = knots[k - 1];
        const Knot& to = knots[k];
        if (from.gain == 1 && to.gain == 1) continue;
        const float step = to.at > from.at ? (to.gain - from.gain) / static_cast<float>(to.at - from.at) : 0;
        for (int64_t i = std::max<int64_t>(from.at, 0); i < std::min(to.at, length); ++i)
            window.samples[static_cast<size_t>(i)] *= from.gain + step * static_cast<float>(i - from.at);
    }
}

}  // namespace npuscribe::audio
