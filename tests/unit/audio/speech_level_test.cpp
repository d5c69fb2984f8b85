#include "audio/speech_level.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "audio/stream.h"
#include "catch.h"

using namespace npuscribe;
using audio::kSampleRate;
using audio::Range;
using audio::Window;

namespace {

constexpr int64_t at(double seconds) {
    return static_cast<int64_t>(seconds * kSampleRate);
}

float amplitude(double decibels) {
    return static_cast<float>(std::pow(10, decibels / 20));
}

/// A window of one piece. Each stretch of speech holds one value, and what is between them another.
Window window_of(double seconds, const std::vector<Range>& speech, const std::vector<double>& decibels,
                 double between = -80) {
    Window window;
    window.samples.assign(static_cast<size_t>(at(seconds)), amplitude(between));
    window.pieces = {{0, 0, at(seconds)}};
    window.speech = speech;
    for (size_t i = 0; i < speech.size(); ++i)
        std::fill(window.samples.begin() + speech[i].begin, window.samples.begin() + speech[i].end,
                  amplitude(decibels[i]));
    return window;
}

double decibels_at(const Window& window, double seconds) {
    return 20 * std::log10(window.samples[static_cast<size_t>(at(seconds))]);
}

}  // namespace

TEST_CASE("speech that is a little quieter than its neighbours stays as it is", "[level]") {
    Window window = window_of(10, {{at(1), at(3)}, {at(4), at(6)}, {at(7), at(9)}}, {-20, -34, -26});
    const std::vector<float> before = window.samples;
    audio::level_speech(window);
    CHECK(window.samples == before);
}

TEST_CASE("a single stretch of speech stays as it is, however quiet", "[level]") {
    Window window = window_of(4, {{at(1), at(3)}}, {-60});
    const std::vector<float> before = window.samples;
    audio::level_speech(window);
    CHECK(window.samples == before);
}

TEST_CASE("a far voice comes to 10 dB below the near one, whichever is first", "[level]") {
    for (const bool far_first : {false, true}) {
        const std::vector<double> levels =
            far_first ? std::vector<double>{-50, -20} : std::vector{-20.0, -50.0};
        Window window = window_of(7, {{at(1), at(3)}, {at(4), at(6)}}, levels);
        audio::level_speech(window);
        CHECK(decibels_at(window, far_first ? 2 : 5) == Approx(-30).margin(0.01));
        CHECK(decibels_at(window, far_first ? 5 : 2) == Approx(-20).margin(0.01));
    }
}

TEST_CASE("no voice is raised by more than 25 dB", "[level]") {
    Window window = window_of(7, {{at(1), at(3)}, {at(4), at(6)}}, {-20, -70});
    audio::level_speech(window);
    CHECK(decibels_at(window, 5) == Approx(-45).margin(0.01));
}

TEST_CASE("the pause around a voice that is raised goes with it, but no further than 0.4 s", "[level]") {
    // A pause of 0.6 s before the far voice, and of 2 s after it.
    Window window = window_of(10, {{at(1), at(3)}, {at(3.6), at(6)}, {at(8), at(9)}}, {-20, -40, -20});
    audio::level_speech(window);
    CHECK(decibels_at(window, 3.2) == Approx(-80).margin(0.01));
    CHECK(decibels_at(window, 3.4) == Approx(-70).margin(0.01));
    CHECK(decibels_at(window, 6.3) == Approx(-70).margin(0.01));
    CHECK(decibels_at(window, 6.5) == Approx(-80).margin(0.01));
    CHECK(decibels_at(window, 7.9) == Approx(-80).margin(0.01));
}

TEST_CASE("the gain goes from one level to the next within 20 ms and without a step", "[level]") {
    // Between stretches that touch each other, at the window's ends, and around ones of a few samples.
    const std::vector<std::vector<Range>> cases = {
        {{0, at(1)}, {at(1), at(2)}, {at(2), at(3)}, {at(3), at(4)}},
        {{at(0.5), at(1)}, {at(1.2), at(1.2) + 20}, {at(1.2) + 30, at(1.5)}, {at(3.9), at(4)}},
        {{0, 10}, {at(2), at(2.5)}, {at(2.51), at(3)}, {at(4) - 10, at(4)}},
    };
    for (const auto& speech : cases) {
        for (const std::vector<double>& levels :
             {std::vector<double>{-50, -20, -60, -45}, std::vector<double>{-20, -45, -45, -20}}) {
            // What the samples are multiplied by: the same window, with samples of 1 after the levels are
            // known.
            Window window = window_of(4, speech, levels);
            const std::vector<float> before = window.samples;
            audio::level_speech(window);
            float last = window.samples[0] / before[0];
            float steepest = 0;
            for (size_t i = 1; i < before.size(); ++i) {
                const float gain = window.samples[i] / before[i];
                steepest = std::max(steepest, std::abs(gain - last));
                last = gain;
            }
            CHECK(steepest > 0);
            CHECK(steepest <= amplitude(25) / at(0.01));
        }
    }
}
