#include "audio/second_look.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace npuscribe::audio {
namespace {

// Levels are in dB below full scale, of a band in which voices are strong: about 500 to 2500 Hz. There rumble
// and hum, which a person does not take for a voice, are 20 dB weaker and more, and a narrow-band voice
// stands out of a hiss that is as strong as the voice over all frequencies. A sample of the band is the sum
// of four samples less that of the four before: at 1 kHz it has kBandGain times a tone's amplitude.
constexpr float kBandGain = 5.13F;  // 2 sin(2w) sin(2w) / sin(w/2) at w = 2 pi 1000 / 16000

constexpr float kTargetLevel = -50.0F;    // the network hears narrow-band voices best from -60 to -40 dB
constexpr float kLowestLevel = -80.0F;    // below it there is nothing but the noise of 16 bits
constexpr float kAboveBackground = 3.0F;  // dB by which the loudest part of a pause must exceed it
constexpr float kBackgroundRise = 1.5F;   // dB a second
constexpr float kShortestPause = 0.3F;    // seconds: shorter ones belong to the speech around them
constexpr float kLongestBlip = 0.13F;     // seconds of speech that do not end a pause
constexpr float kShortestVoice = 0.25F;   // seconds: less is no more than a breath or a click
constexpr float kSmoothing = 0.5F;        // seconds before and after, over which a level is the mean
constexpr float kHighPass = 0.9615F;      // one pole at 100 Hz: exp(-2*pi*100/16000)
constexpr float kSampleRateF = 16000.0F;

float decibels(float power) {
    return 10 * std::log10(power + 1e-14F);
}

}  // namespace

SecondLook::SecondLook(const VadModel& model, const VadOptions& options)
    : threshold_(options.threshold),
      speech_ends_(options.end_threshold()),
      first_(model.detector()),
      second_(model.detector()),
      frame_(first_->frame_samples()),
      background_(kLowestLevel) {}

void SecondLook::reset() {
    first_->reset();
    second_->reset();
    before_ = {};
    background_ = kLowestLevel;
    looking_ = false;  // so the high pass begins anew, too
}

/// Fills in powers_ and backgrounds_. The background follows a fall at once and a rise slowly.
void SecondLook::measure(std::span<const float> samples, size_t frames) {
    const float rise = kBackgroundRise * static_cast<float>(frame_) / kSampleRateF;
    powers_.resize(frames);
    backgrounds_.resize(frames);
    constexpr size_t kBefore = std::tuple_size_v<decltype(before_)>;
    std::vector<float>& joined = levelled_;  // free until a pause is listened to
    joined.resize(kBefore + frames * frame_);
    std::copy(before_.begin(), before_.end(), joined.begin());
    std::copy_n(samples.begin(), frames * frame_, joined.begin() + kBefore);
    std::copy_n(joined.end() - kBefore, kBefore, before_.begin());
    for (size_t f = 0; f < frames; ++f) {
        const float* at = joined.data() + f * frame_;
        float sum = 0;
        for (size_t i = 0; i < frame_; ++i) {
            const float* x = at + i;
            const float difference = (x[7] + x[6] + x[5] + x[4]) - (x[3] + x[2] + x[1] + x[0]);
            sum += difference * difference;
        }
        powers_[f] = sum / (kBandGain * kBandGain * static_cast<float>(frame_));
        background_ = std::max(kLowestLevel, std::min(background_ + rise, decibels(powers_[f])));
        backgrounds_[f] = background_;
    }
}

/// Fills in pause_: frames without speech, and blips between them.
void SecondLook::find_pauses(std::span<const float> probabilities) {
    const size_t frames = probabilities.size();
    pause_.resize(frames);
    for (size_t f = 0; f < frames; ++f) pause_[f] = probabilities[f] < threshold_ ? 1 : 0;
    const size_t longest_blip = frames_in(kLongestBlip);
    for (size_t begin = 1; begin < frames; ++begin) {
        if (pause_[begin - 1] == 0 || pause_[begin] != 0) continue;
        size_t end = begin + 1;
        while (end < frames && pause_[end] == 0) ++end;
        if (end < frames && end - begin <= longest_blip)
            std::fill(pause_.begin() + static_cast<ptrdiff_t>(begin),
                      pause_.begin() + static_cast<ptrdiff_t>(end), char{1});
        begin = end - 1;
    }
}

size_t SecondLook::frames_in(float seconds) const {
    return static_cast<size_t>(std::lround(seconds * kSampleRateF / static_cast<float>(frame_)));
}

void SecondLook::run(std::span<const float> samples, std::span<float> probabilities) {
    first_->run(samples, probabilities);
    const size_t frames = probabilities.size();
    measure(samples, frames);
    find_pauses(probabilities);
    const size_t shortest = frames_in(kShortestPause);
    for (size_t begin = 0; begin < frames;) {
        if (pause_[begin] == 0) {
            ++begin;
            continue;
        }
        size_t end = begin + 1;
        while (end < frames && pause_[end] != 0) ++end;
        if (begin > 0) looking_ = false;
        if (looking_ || end - begin >= shortest) listen_again(samples, begin, end, probabilities);
        begin = end;
    }
    looking_ = looking_ && frames > 0 && pause_[frames - 1] != 0;
}

/// Raises the probabilities of a pause to those of the second detector where that one hears a voice for a
/// while. Shorter sounds stay out, because they would only move the ends of the speech beside them.
void SecondLook::take_over(std::span<float> probabilities) {
    const size_t count = probabilities.size();
    const size_t least = frames_in(kShortestVoice);
    const auto voice = [&](size_t i) { return std::max(probabilities[i], heard_[i]) >= speech_ends_; };
    bool goes_on = hearing_;
    hearing_ = false;
    for (size_t begin = 0; begin < count; ++begin) {
        size_t end = begin;
        while (end < count && voice(end)) ++end;
        if (end > begin && (end - begin >= least || (goes_on && begin == 0))) {
            for (size_t i = begin; i < end; ++i) probabilities[i] = std::max(probabilities[i], heard_[i]);
            hearing_ = end == count;
        }
        begin = end;
    }
}

/// Frames [begin, end) are a pause, or a part of one.
void SecondLook::listen_again(std::span<const float> samples, size_t begin, size_t end,
                              std::span<float> probabilities) {
    const size_t count = end - begin;
    const size_t reach = frames_in(kSmoothing);
    levels_.resize(count);
    bool sound = false;
    for (size_t i = 0; i < count; ++i) {
        const size_t from = begin + i - std::min(i, reach);
        const size_t to = std::min(end, begin + i + reach + 1);
        float sum = 0;
        for (size_t f = from; f < to; ++f) sum += powers_[f];
        levels_[i] = decibels(sum / static_cast<float>(to - from));
        sound = sound || levels_[i] > backgrounds_[begin + i] + kAboveBackground;
    }
    if (!sound) {
        looking_ = false;
        return;
    }
    if (!looking_) {
        second_->reset();
        hearing_ = false;
        high_passed_ = 0;
        before_high_pass_ = samples[begin * frame_];
    }
    looking_ = end == powers_.size();

    levelled_.resize(count * frame_);
    const auto gain = [&](size_t i) {
        return std::pow(10.0F, (kTargetLevel - std::max(levels_[i], kLowestLevel)) / 20);
    };
    float now = gain(0);
    for (size_t i = 0; i < count; ++i) {
        // The gain goes on evenly to the next frame's, because steps would be clicks.
        const float next = gain(std::min(i + 1, count - 1));
        const float* in = samples.data() + (begin + i) * frame_;
        float* out = levelled_.data() + i * frame_;
        const float step = (next - now) / static_cast<float>(frame_);
        for (size_t s = 0; s < frame_; ++s) {
            high_passed_ = kHighPass * (high_passed_ + in[s] - before_high_pass_);
            before_high_pass_ = in[s];
            out[s] = high_passed_ * (now + step * static_cast<float>(s));
        }
        now = next;
    }
    heard_.resize(count);
    second_->run(levelled_, heard_);
    take_over(probabilities.subspan(begin, count));
}

}  // namespace npuscribe::audio
