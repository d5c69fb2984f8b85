#include "audio/time_line.h"

#include <algorithm>
#include <cmath>

namespace npuscribe::audio {

bool TimeLine::follows(std::optional<double> stamp) const {
    return begun_ && (!stamp || std::abs(*stamp - next_stamp_) <= kTolerance);
}

TimeLine::Step TimeLine::next(std::optional<double> stamp, double seconds) {
    Step step;
    if (!begun_) {
        begun_ = true;
        const double at = stamp.value_or(begin_.value_or(0));
        first_stamp_ = next_stamp_ = at;
        const double late = at - begin_.value_or(at);
        // Below the tolerance it is the codec's own delay.
        shift_ = late > kTolerance ? late - at : -at;
    }
    const double at = stamp.value_or(next_stamp_);
    const double back = next_stamp_ - at;
    const double hole = at + shift_ - position_;
    if (back > kTolerance) {
        const bool to_start = back > 1 && std::abs(at - first_stamp_) < 0.5;
        if (to_start || back > kLongestOverlap) {
            shift_ = position_ - at;
        } else {
            step.overlap = back;
        }
    } else if (hole > (broadcast_ ? kLongestHoleOfBroadcast : kLongestHole)) {
        shift_ = position_ - at;
    } else if (hole > kTolerance) {
        step.silence = hole;
    }
    next_stamp_ = at + seconds;
    position_ += step.silence + seconds;
    return step;
}

void TimeLine::keep(double overlap) {
    if (overlap > kLongestStepBack) shift_ += overlap;
}

void RecentSound::Thinner::add(std::span<const float> samples, int channels, int sample_rate,
                               std::vector<float>& out) {
    const auto width = static_cast<size_t>(channels);
    for (size_t i = 0; i + width <= samples.size(); i += width) {
        for (size_t c = 0; c < width; ++c) sum_ += static_cast<double>(samples[i + c]);
        ++count_;
        phase_ += kRate;
        if (phase_ < sample_rate) continue;
        const auto mean = static_cast<float>(sum_ / (count_ * channels));
        for (; phase_ >= sample_rate; phase_ -= sample_rate) out.push_back(mean);
        sum_ = 0;
        count_ = 0;
    }
}

void RecentSound::add(std::span<const float> samples, int channels, int sample_rate) {
    thinner_.add(samples, channels, sample_rate, sound_);
    shorten();
}

void RecentSound::add_silence(double seconds) {
    const double most = std::min(seconds, TimeLine::kLongestOverlap);
    sound_.insert(sound_.end(), static_cast<size_t>(most * kRate), 0.0F);
    shorten();
}

void RecentSound::shorten() {
    constexpr auto kMost = static_cast<size_t>((TimeLine::kLongestOverlap + 1) * kRate);
    if (sound_.size() < 2 * kMost) return;
    sound_.erase(sound_.begin(), sound_.end() - static_cast<ptrdiff_t>(kMost));
}

bool RecentSound::heard(std::span<const float> samples, int channels, int sample_rate,
                        double seconds_ago) const {
    constexpr double kFaint = 1e-8;  // the mean square of -80 dB
    constexpr double kAlike = 0.6;
    constexpr int64_t kLags = kRate / 20;
    std::vector<float> now;
    Thinner().add(samples, channels, sample_rate, now);
    const auto length = static_cast<int64_t>(now.size());
    const auto end = static_cast<int64_t>(sound_.size());
    const int64_t begin = end - std::llround(seconds_ago * kRate);
    if (length == 0 || begin < 0) return false;
    const auto energy = [](const float* from, int64_t count) {
        double sum = 0;
        for (int64_t i = 0; i < count; ++i)
            sum += static_cast<double>(from[i]) * static_cast<double>(from[i]);
        return sum;
    };
    double best = 0;
    for (int64_t lag = -kLags; lag <= kLags; ++lag) {
        const int64_t from = std::max<int64_t>(0, begin + lag);
        const int64_t skipped = from - (begin + lag);
        const int64_t count = std::min(length - skipped, end - from);
        if (count <= 0) continue;
        const float* old = sound_.data() + from;
        const float* fresh = now.data() + skipped;
        const double old_energy = energy(old, count);
        const double fresh_energy = energy(fresh, count);
        if (old_energy < kFaint * static_cast<double>(count) &&
            fresh_energy < kFaint * static_cast<double>(count))
            return true;
        double product = 0;
        for (int64_t i = 0; i < count; ++i)
            product += static_cast<double>(old[i]) * static_cast<double>(fresh[i]);
        const double norm = std::sqrt(old_energy * fresh_energy);
        if (norm > 0) best = std::max(best, product / norm);
    }
    return best > kAlike;
}

}  // namespace npuscribe::audio
