#include "audio/time_line.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "catch.h"

using npuscribe::audio::RecentSound;
using npuscribe::audio::TimeLine;
using npuscribe::test::Approx;

namespace {

constexpr double kFrame = 0.02;

/// Frames without holes from `stamp` on, for `seconds`.
void play(TimeLine& line, double stamp, double seconds) {
    for (int i = 0; i * kFrame < seconds - kFrame / 2; ++i) {
        const auto step = line.next(stamp + i * kFrame, kFrame);
        CHECK(step.silence == 0);
        CHECK(step.overlap == 0);
    }
}

/// `seconds` of one channel that never repeats: its pitch rises.
std::vector<float> sweep(double from, double seconds, int rate) {
    std::vector<float> out;
    for (int i = 0; i < static_cast<int>(seconds * rate); ++i) {
        const double t = from + static_cast<double>(i) / rate;
        out.push_back(static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * (100 + 20 * t) * t)));
    }
    return out;
}

}  // namespace

TEST_CASE("a hole in time stamps is silence of its length", "[timeline]") {
    TimeLine line(0.0, false);
    play(line, 0, 5);
    const auto step = line.next(11, kFrame);
    CHECK(step.silence == Approx(6));
    CHECK(line.position() == Approx(11 + kFrame));
}

TEST_CASE("time stamps that are rounded, or wander a little, make no silence", "[timeline]") {
    TimeLine line(0.0, false);
    for (int i = 0; i < 5000; ++i) {
        const double wander = 0.04 * std::sin(i * 0.7);
        const auto step = line.next(i * kFrame + wander, kFrame);
        REQUIRE(step.silence == 0);
        REQUIRE(step.overlap == 0);
    }
    CHECK(line.position() == Approx(100));
}

TEST_CASE("a clock that is fast by one part in a thousand keeps the container's times", "[timeline]") {
    TimeLine line(0.0, false);
    double silence = 0;
    for (int i = 0; i < 50000; ++i) silence += line.next(i * kFrame * 1.001, kFrame).silence;
    CHECK(line.position() == Approx(1001).margin(0.15));
    CHECK(silence == Approx(1).margin(0.15));
}

TEST_CASE("a track that begins later than the file has silence before it, a codec's delay has none",
          "[timeline]") {
    TimeLine late(0.0, false);
    CHECK(late.next(3590, kFrame).silence == Approx(3590));
    TimeLine delayed(0.0, false);
    CHECK(delayed.next(0.05, kFrame).silence == 0);
    TimeLine alone(3590.0, false);  // the file begins with the track
    CHECK(alone.next(3590, kFrame).silence == 0);
    CHECK(alone.next(3591, kFrame).silence == Approx(1 - kFrame));
    TimeLine unknown(std::nullopt, false);
    CHECK(unknown.next(12, kFrame).silence == 0);
}

TEST_CASE("sound that is there twice is an overlap; without it, the times are the container's",
          "[timeline]") {
    TimeLine line(0.0, false);
    play(line, 0, 6);
    const auto step = line.next(4, kFrame);
    CHECK(step.overlap == Approx(2));
    CHECK(step.silence == 0);
    line.repeat(step.overlap);
    CHECK(line.position() == Approx(4 + kFrame));
    play(line, 4 + kFrame, 10);
    CHECK(line.position() == Approx(14 + kFrame));
}

TEST_CASE("time stamps that begin anew go on after what was there", "[timeline]") {
    for (const double length : {5.0, 45.0}) {
        TimeLine line(1.4, true);
        play(line, 1.4, length);
        play(line, 1.4, length);  // a second file that was appended
        CHECK(line.position() == Approx(2 * length));
        CHECK(line.next(1.4 + length + 3, kFrame).silence == Approx(3));  // its holes count
    }
}

TEST_CASE("time stamps of another day are no silence", "[timeline]") {
    TimeLine broadcast(0.0, true);
    play(broadcast, 0, 5);
    CHECK(broadcast.next(5 * 3600, kFrame).silence == 0);
    TimeLine file(0.0, false);
    play(file, 0, 5);
    CHECK(file.next(5 * 3600, kFrame).silence == Approx(5 * 3600 - 5));
    CHECK(file.next(1e9, kFrame).silence == 0);
    CHECK(file.next(1e9 + 1, kFrame).silence == Approx(1 - kFrame));
}

TEST_CASE("frames without time stamps follow each other", "[timeline]") {
    TimeLine line(0.0, false);
    for (int i = 0; i < 50; ++i) CHECK(line.next(std::nullopt, kFrame).silence == 0);
    CHECK(line.position() == Approx(1));
    CHECK(line.follows(std::nullopt));
    CHECK(line.follows(1.05));
    CHECK_FALSE(line.follows(1.5));
    CHECK_FALSE(line.follows(0.5));
}

TEST_CASE("sound is recognised when it comes again, at any rate, and other sound is not", "[timeline]") {
    for (const int rate : {8000, 16000, 44100, 48000}) {
        INFO(rate);
        RecentSound recent;
        recent.add(sweep(0, 40, rate), 1, rate);
        CHECK(recent.heard(sweep(37, 2, rate), 1, rate, 3));
        CHECK(recent.heard(sweep(37.03, 2, rate), 1, rate, 3));  // a codec's delay
        CHECK_FALSE(recent.heard(sweep(40, 2, rate), 1, rate, 3));
        CHECK_FALSE(recent.heard(sweep(20, 2, rate), 1, rate, 3));
    }
}

TEST_CASE("silence repeats silence, and sound does not", "[timeline]") {
    RecentSound recent;
    recent.add(sweep(0, 5, 16000), 1, 16000);
    recent.add_silence(1000);
    const std::vector<float> silence(16000, 0.0F);
    CHECK(recent.heard(silence, 1, 16000, 2));
    CHECK_FALSE(recent.heard(sweep(0, 1, 16000), 1, 16000, 2));
}
