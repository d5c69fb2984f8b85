#include "audio/channel_mixer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "catch.h"

using namespace npuscribe;
using audio::ChannelMixer;

namespace {

constexpr int kRate = 16000;

/// White noise with a standard deviation of `level`.
std::vector<float> noise(double seconds, double level, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, level);
    std::vector<float> out(static_cast<size_t>(seconds * kRate));
    std::generate(out.begin(), out.end(), [&] { return static_cast<float>(normal(random)); });
    return out;
}

std::vector<float> times(std::vector<float> samples, float gain) {
    for (float& sample : samples) sample *= gain;
    return samples;
}

std::vector<float> sum(std::vector<float> a, const std::vector<float>& b) {
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), std::plus<>());
    return a;
}

/// The mix of these channels, given in calls of about `frames` frames.
std::vector<float> mixed(ChannelMixer& mixer, const std::vector<std::vector<float>>& channels,
                         size_t frames = 8000) {
    std::vector<float> out;
    const size_t length = channels[0].size();
    for (size_t done = 0; done < length; done += frames) {
        std::vector<float> block;
        for (size_t i = done; i < std::min(length, done + frames); ++i) {
            for (const auto& channel : channels) block.push_back(channel[i]);
        }
        mixer.mix(block);
        out.insert(out.end(), block.begin(), block.end());
    }
    return out;
}

double energy(const std::vector<float>& samples, double from = 0, double to = 1e9) {
    const auto begin = static_cast<size_t>(from * kRate);
    const auto end = static_cast<size_t>(std::min(to * kRate, static_cast<double>(samples.size())));
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += static_cast<double>(samples[i]) * samples[i];
    return sum / static_cast<double>(end - begin);
}

}  // namespace

TEST_CASE("Channels in phase and channels of different speakers are averaged, sample by sample", "[mixer]") {
    const auto a = noise(3, 0.1, 1);
    const auto b = noise(3, 0.1, 2);
    for (const auto& right : {a, b, times(a, 0.01F), std::vector<float>(a.size())}) {
        ChannelMixer mixer(2, kRate);
        const auto out = mixed(mixer, {a, right});
        REQUIRE(out.size() == a.size());
        for (size_t i = 0; i < a.size(); ++i) REQUIRE(out[i] == (a[i] + right[i]) * 0.5F);
        CHECK(mixer.cancelled_seconds() == 0);
    }
}

TEST_CASE("Of channels in opposite phase the louder is taken, from the first sample on", "[mixer]") {
    const auto a = noise(3, 0.1, 1);
    for (const float gain : {-0.7F, -1.5F}) {
        ChannelMixer mixer(2, kRate);
        const auto right = times(a, gain);
        const auto out = mixed(mixer, {a, right});
        const auto& louder = gain < -1 ? right : a;
        REQUIRE(out.size() == louder.size());
        // A fade of 5 ms leads from the mean to the channel.
        CHECK(std::equal(out.begin() + 80, out.end(), louder.begin() + 80));
        CHECK(mixer.cancelled_seconds() == test::Approx(3).margin(1e-9));
        CHECK(mixer.loudest_channel() == (gain < -1 ? 1U : 0U));
    }
}

TEST_CASE("Speech that cancels is kept although each channel has noise of its own", "[mixer]") {
    const auto speech = noise(3, 0.1, 1);
    ChannelMixer mixer(2, kRate);
    const auto left = sum(speech, noise(3, 0.05, 2));  // 6 dB less
    const auto right = sum(times(speech, -1), noise(3, 0.05, 3));
    const auto out = mixed(mixer, {left, right});
    CHECK(energy(out) > 0.9 * energy(speech));  // the mean has a tenth
    CHECK(mixer.cancelled_seconds() > 2.9);
}

TEST_CASE("Where only a part is inverted, that part alone is one channel", "[mixer]") {
    const auto a = noise(9, 0.1, 1);
    auto right = a;
    for (size_t i = 3 * kRate; i < 6 * kRate; ++i) right[i] = -a[i];
    for (const size_t frames : {8000U, 1000U, 144000U}) {
        INFO(frames << " frames a call");
        ChannelMixer mixer(2, kRate);
        const auto out = mixed(mixer, {a, right}, frames);
        for (const auto& [from, to] : {std::pair{0, 3}, {3, 6}, {6, 9}})
            CHECK(energy(out, from, to) > 0.95 * energy(a, from, to));
        CHECK(mixer.cancelled_seconds() == test::Approx(3).margin(0.25));
    }
}

TEST_CASE("A fraction of a second in opposite phase is not worth a word", "[mixer]") {
    const auto a = noise(5, 0.1, 1);
    auto right = a;
    for (int begin = 1; begin < 4; ++begin) {
        for (size_t i = 0; i < kRate * 3 / 10; ++i) right[begin * kRate + i] *= -1;
    }
    ChannelMixer mixer(2, kRate);
    mixed(mixer, {a, right});
    CHECK(mixer.cancelled_seconds() == 0);
}

TEST_CASE("Silence is no reason to take a channel", "[mixer]") {
    ChannelMixer mixer(2, kRate);
    const std::vector<float> silence(3 * kRate);
    CHECK(mixed(mixer, {silence, silence}) == silence);
    CHECK(mixer.cancelled_seconds() == 0);
}

TEST_CASE("Any number of channels can cancel", "[mixer]") {
    const auto a = noise(3, 0.1, 1);
    const auto b = noise(3, 0.2, 2);
    ChannelMixer mixer(4, kRate);
    const auto out = mixed(mixer, {a, b, times(a, -1), times(b, -1)});
    CHECK(energy(out) == test::Approx(energy(b)).epsilon(0.01));
    CHECK(mixer.loudest_channel() == 1);
}

TEST_CASE("A sample that is not a number is not hidden by the other channel", "[mixer]") {
    auto a = noise(1, 0.1, 1);
    const auto right = times(a, -0.5F);
    auto bad = right;
    bad[9000] = std::numeric_limits<float>::quiet_NaN();
    ChannelMixer mixer(2, kRate);
    CHECK(std::isnan(mixed(mixer, {a, bad})[9000]));
}
