#include "audio/window.h"

#include <functional>
#include <stdexcept>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "computed_stream.h"

using namespace npuscribe;
using audio::kSampleRate;
using audio::Window;
using test::Approx;
using test::ComputedStream;
using test::noise;

namespace {

/// 2 s from second 10 of the file, then 3 s from second 60, with 0.4 s of padding beside the pause.
Window two_pieces() {
    Window window;
    window.samples.resize(5 * kSampleRate);
    window.pieces = {{0, 10 * kSampleRate, 2 * kSampleRate},
                     {2 * kSampleRate, 60 * kSampleRate, 3 * kSampleRate}};
    window.padding = kSampleRate * 2 / 5;
    return window;
}

}  // namespace

TEST_CASE("times in a window map to times in the file, piece by piece", "[window]") {
    const Window window = two_pieces();
    CHECK(window.file_seconds(0, 0) == 10.0);
    CHECK(window.file_seconds(0, 1.5) == 11.5);
    CHECK(window.file_seconds(0, 2) == 12.0);
    CHECK(window.file_seconds(1, 2) == 60.0);
    CHECK(window.file_seconds(1, 2.5) == 60.5);
    // Times outside the piece are those of its ends.
    CHECK(window.file_seconds(0, -1) == 10.0);
    CHECK(window.file_seconds(0, 2.5) == 12.0);
    CHECK(window.file_seconds(1, 1) == 60.0);
    CHECK(window.file_seconds(1, 29) == 63.0);
}

TEST_CASE("what lies between two pieces belongs to the one whose speech it covers most", "[window]") {
    const Window window = two_pieces();  // speech from 0 to 1.6 s and from 2.4 to 5 s
    CHECK(window.piece_of(0, 2.3) == 0);
    CHECK(window.piece_of(1, 2.9) == 0);    // 0.6 s of the first, 0.5 s of the second
    CHECK(window.piece_of(1.2, 2.9) == 1);  // 0.4 s of the first
    CHECK(window.piece_of(1.7, 1.9) == 0);  // speech of neither: the nearer
    CHECK(window.piece_of(2.1, 2.3) == 1);
    CHECK(window.piece_of(7, 8) == 1);
    CHECK(window.speech_end(0) == 11.6);
    CHECK(window.speech_end(1) == 63.0);
}

TEST_CASE("a stretch spans a pause only if there is speech on both sides of it", "[window]") {
    const Window window = two_pieces();
    CHECK_FALSE(window.spans_pause(0, 2.4));  // a little beyond the first piece, in the padding of the second
    CHECK_FALSE(window.spans_pause(1.6, 5));
    CHECK(window.spans_pause(1.5, 2.5));
    CHECK(window.from(kSampleRate).spans_pause(0.5, 1.5));
    CHECK_FALSE(window.from(kSampleRate).spans_pause(0.6, 1.5));
    CHECK_FALSE(window.from(2 * kSampleRate).spans_pause(0, 3));
}

TEST_CASE("the rest of a window keeps its place in the file", "[window]") {
    Window window;
    window.samples = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    window.pieces = {{0, 100, 4}, {4, 200, 6}};
    const Window inside_second = window.from(6);
    CHECK(inside_second.samples == std::vector<float>{6, 7, 8, 9});
    REQUIRE(inside_second.pieces.size() == 1);
    CHECK(inside_second.pieces[0].in_window == 0);
    CHECK(inside_second.pieces[0].in_file == 202);
    CHECK(inside_second.pieces[0].length == 4);
    const Window inside_first = window.from(3);
    REQUIRE(inside_first.pieces.size() == 2);
    CHECK(inside_first.pieces[0].in_file == 103);
    CHECK(inside_first.pieces[0].length == 1);
    CHECK(inside_first.pieces[1].in_window == 1);
    CHECK(inside_first.pieces[1].in_file == 200);
    CHECK(window.from(4).pieces.size() == 1);
}

TEST_CASE("a part of a window keeps its place in the file, and its speech", "[window]") {
    Window window;
    window.samples = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    window.pieces = {{0, 100, 4}, {4, 200, 6}};
    window.speech = {{1, 3}, {5, 9}};
    const Window part = window.part({2, 7});
    CHECK(part.samples == std::vector<float>{2, 3, 4, 5, 6});
    REQUIRE(part.pieces.size() == 2);
    CHECK(part.pieces[0].in_window == 0);
    CHECK(part.pieces[0].in_file == 102);
    CHECK(part.pieces[0].length == 2);
    CHECK(part.pieces[1].in_window == 2);
    CHECK(part.pieces[1].in_file == 200);
    CHECK(part.pieces[1].length == 3);
    CHECK(part.speech == std::vector<audio::Range>{{0, 1}, {3, 5}});
    CHECK(window.part({3, 5}).speech.empty());
}

TEST_CASE("sequential windows follow one another by 30 s", "[window]") {
    ComputedStream stream(70 * kSampleRate + 100, noise);
    const auto windows = audio::sequential_windows(stream);
    CHECK(windows->sequential());
    for (const int64_t start : {0, 30, 60}) {
        const auto window = windows->next();
        REQUIRE(window);
        CHECK(window->pieces.size() == 1);
        CHECK(window->pieces[0].in_file == start * kSampleRate);
        CHECK(window->samples.front() == noise(start * kSampleRate));
        CHECK(window->seconds() == Approx(start == 60 ? 10 + 100.0 / kSampleRate : 30));
    }
    CHECK_FALSE(windows->next());
    CHECK(windows->samples_read() == 70 * kSampleRate + 100);
}

TEST_CASE("sequential windows for a shorter context are shorter, and leave nothing out", "[window]") {
    ComputedStream stream(25 * kSampleRate, noise);
    const auto windows = audio::sequential_windows(stream, 10 * kSampleRate);
    for (const int64_t start : {0, 10, 20}) {
        const auto window = windows->next();
        REQUIRE(window);
        CHECK(window->pieces[0].in_file == start * kSampleRate);
        CHECK(window->seconds() == (start == 20 ? 5.0 : 10.0));
    }
    CHECK_FALSE(windows->next());
}

TEST_CASE("sequential windows resume at the position they are given", "[window]") {
    ComputedStream stream(200 * kSampleRate, noise);
    const auto windows = audio::sequential_windows(stream);
    const auto expect_at = [&](int64_t sample) {
        const auto window = windows->next();
        REQUIRE(window);
        CHECK(window->samples.size() == audio::kWindowSamples);
        for (const int64_t i : {0, 1, 100000, 479999}) CHECK(window->samples[i] == noise(sample + i));
        CHECK(window->file_seconds(0, 1) == Approx(static_cast<double>(sample) / kSampleRate + 1));
    };
    expect_at(0);
    windows->resume_at(12345);
    expect_at(12345);
    windows->resume_at(12345);  // the same again
    expect_at(12345);
    windows->resume_at(100 * kSampleRate + 7);  // skips samples that were in no window
    expect_at(100 * kSampleRate + 7);
    CHECK_THROWS_AS(windows->resume_at(5), std::invalid_argument);
    windows->resume_at(200 * kSampleRate);
    CHECK_FALSE(windows->next());
}

TEST_CASE("a sequential window without any sound is left out", "[window]") {
    // Silence, then from 70 s to 75 s sound, then silence to the end.
    const auto sounding = [](int64_t i) { return i >= 70 * kSampleRate && i < 75 * kSampleRate; };
    const float step = 1.0F / 32768;
    const std::vector<std::function<float(int64_t)>> silences = {
        [](int64_t) { return 0.0F; }, [](int64_t) { return 0.25F; },       // a constant offset
        [=](int64_t i) { return i % 3 == 0 ? step : 0.0F; },               // dither
        [=](int64_t i) { return i % 3 == 0 ? 0.25F : 0.25F + step / 2; },  // both
    };
    for (const auto& silence : silences) {
        ComputedStream stream(10 * 60 * kSampleRate,
                              [&](int64_t i) { return sounding(i) ? noise(i) : silence(i); });
        const auto windows = audio::sequential_windows(stream);
        const auto window = windows->next();
        REQUIRE(window);
        CHECK(window->pieces[0].in_file == 60 * kSampleRate);
        CHECK(window->pieces[0].length == 30 * kSampleRate);
        windows->resume_at(75 * kSampleRate);
        CHECK_FALSE(windows->next());
        CHECK(windows->samples_read() == 10 * 60 * kSampleRate);
    }
    // A sound of two steps is a sound.
    ComputedStream faint(30 * kSampleRate, [=](int64_t i) { return i == 1000 ? 2 * step : 0.0F; });
    CHECK(audio::sequential_windows(faint)->next());
}

TEST_CASE("a recording without any sound has no sequential windows", "[window]") {
    ComputedStream stream(3600 * int64_t{kSampleRate} + 5, [](int64_t) { return 0.0F; });
    const auto windows = audio::sequential_windows(stream);
    CHECK_FALSE(windows->next());
    CHECK(windows->samples_read() == 3600 * int64_t{kSampleRate} + 5);
    CHECK(windows->speech_samples() < 160);
    ComputedStream breaks(
        100 * kSampleRate, [](int64_t) { return 0.0F; }, true);
    const auto broken = audio::sequential_windows(breaks);
    CHECK_THROWS_AS(broken->next(), InputError);
}

TEST_CASE("less than 10 ms at the end makes no sequential window", "[window]") {
    for (const int64_t rest : {0, 159, 160}) {
        ComputedStream stream(30 * kSampleRate + rest, noise);
        const auto windows = audio::sequential_windows(stream);
        CHECK(windows->next());
        CHECK(windows->next().has_value() == (rest == 160));
    }
}

TEST_CASE("a break in the stream is reported after the windows before it", "[window]") {
    ComputedStream stream(40 * kSampleRate, noise, true);
    const auto windows = audio::sequential_windows(stream);
    CHECK(windows->next()->seconds() == 30.0);
    CHECK(windows->next()->seconds() == 10.0);
    CHECK_THROWS_AS(windows->next(), InputError);
}
