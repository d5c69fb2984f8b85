#include "audio/channel_mixer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace npuscribe::audio {
namespace {

constexpr double kCancels = 0.4;        // r below which the mean has lost what a listener hears
constexpr double kAddsUp = 0.8;         // r above which it has not
constexpr double kClearlyLouder = 4.0;  // ratio of energies at which another channel is taken
constexpr double kSilence = 1e-12;      // mean square: -120 dBFS, where r is a matter of rounding
constexpr double kSound = 1e-7;         // mean square: -70 dBFS, what counts as sound
constexpr size_t kBlocksASecond = 10;
constexpr size_t kFadesASecond = 200;  // 5 ms: a switch without a click
constexpr size_t kNotByChance = 5;     // blocks

double total(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

ChannelMixer::ChannelMixer(int channels, int sample_rate)
    : channels_(static_cast<size_t>(channels)),
      block_frames_(std::max<size_t>(1, static_cast<size_t>(sample_rate) / kBlocksASecond)),
      fade_frames_(std::max<size_t>(1, static_cast<size_t>(sample_rate) / kFadesASecond)),
      taken_(channels_) {
    last_.energies.resize(channels_);
}

ChannelMixer::Block ChannelMixer::measure(std::span<const float> frames) const {
    Block block;
    block.energies.resize(channels_);
    for (size_t i = 0; i < frames.size(); i += channels_) {
        double sum = 0;
        for (size_t c = 0; c < channels_; ++c) {
            const double sample = frames[i + c];
            block.energies[c] += sample * sample;
            sum += sample;
        }
        block.energy_of_sum += sum * sum;
    }
    return block;
}

void ChannelMixer::choose(const Block& before, const Block& block, const Block& after) {
    last_choice_ = choice_;
    std::vector<double> energies(channels_);
    for (size_t c = 0; c < channels_; ++c)
        energies[c] = block.energies[c] + 0.5 * (before.energies[c] + after.energies[c]);
    const double sum = block.energy_of_sum + 0.5 * (before.energy_of_sum + after.energy_of_sum);
    const double all = total(energies);
    if (all <= kSilence * static_cast<double>(block_frames_ * channels_)) return;  // nothing to judge by
    const double r = sum / all;
    if (!(r <= kAddsUp)) {  // also if a sample is not a number
        choice_ = kMean;
        return;
    }
    const auto loudest =
        static_cast<size_t>(std::max_element(energies.begin(), energies.end()) - energies.begin());
    if (choice_ == kMean ? r < kCancels : energies[loudest] > kClearlyLouder * energies[choice_])
        choice_ = loudest;
}

void ChannelMixer::write(std::span<const float> frames, float* out) {
    const auto scale = 1.0F / static_cast<float>(channels_);
    const auto value = [&](const float* frame, size_t choice) {
        if (choice != kMean) return frame[choice];
        float sum = 0;
        for (size_t c = 0; c < channels_; ++c) sum += frame[c];
        return sum * scale;
    };
    const size_t count = frames.size() / channels_;
    for (size_t i = 0; i < count; ++i) {
        const float* frame = frames.data() + i * channels_;
        float mixed = value(frame, choice_);
        if (choice_ != last_choice_ && i < fade_frames_) {
            const float part = static_cast<float>(i) / static_cast<float>(fade_frames_);
            mixed = part * mixed + (1 - part) * value(frame, last_choice_);
        }
        out[i] = mixed;  // frames that are still to be read lie behind it
    }
}

void ChannelMixer::mix(std::vector<float>& samples) {
    if (channels_ == 1 || samples.empty()) return;
    const std::span<const float> all(samples);
    const size_t step = block_frames_ * channels_;
    const auto block_at = [&](size_t at) { return all.subspan(at, std::min(step, all.size() - at)); };
    Block block = measure(block_at(0));
    Block after;
    for (size_t at = 0; at < all.size(); at += step) {
        const bool last = at + step >= all.size();
        after = last ? Block{std::vector<double>(channels_), 0} : measure(block_at(at + step));
        choose(last_, block, after);
        const auto frames = block_at(at);
        const size_t count = frames.size() / channels_;
        if (choice_ == kMean) {
            stretch_ = 0;
        } else if (total(block.energies) > kSound * static_cast<double>(count)) {
            stretch_ += count;
            longest_ = std::max(longest_, stretch_);
            taken_[choice_] += count;
        }
        write(frames, samples.data() + at / channels_);
        last_ = std::move(block);
        block = std::move(after);
    }
    samples.resize(samples.size() / channels_);
}

double ChannelMixer::cancelled_seconds() const {
    if (longest_ < kNotByChance * block_frames_) return 0;
    const auto frames = std::accumulate(taken_.begin(), taken_.end(), uint64_t{0});
    return static_cast<double>(frames) / static_cast<double>(block_frames_ * kBlocksASecond);
}

size_t ChannelMixer::loudest_channel() const {
    return static_cast<size_t>(std::max_element(taken_.begin(), taken_.end()) - taken_.begin());
}

}  // namespace npuscribe::audio
