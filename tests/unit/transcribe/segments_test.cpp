// Token sequences and the segments that openai/whisper's transcribe.py makes of them, worked out by hand.
#include "transcribe/segments.h"

#include "catch.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr int64_t kSecond = audio::kSampleRate;

/// One piece: `seconds` of the file from second `from` on. Samples are not needed.
audio::Window stretch(int64_t from, int64_t seconds) {
    audio::Window window;
    window.pieces = {{0, from * kSecond, seconds * kSecond}};
    return window;
}

DecodingResult said(std::vector<Token> tokens) {
    DecodingResult result;
    result.tokens = std::move(tokens);
    result.avg_logprob = -0.25;
    result.temperature = 0.2;
    result.no_speech_prob = 0.125;
    result.compression_ratio = 1.5;
    return result;
}

WindowText cut(std::vector<Token> tokens, const audio::Window& window = stretch(100, 30),
               bool sequential = false) {
    return window_text(said(std::move(tokens)), window, small_vocabulary(), sequential);
}

}  // namespace

TEST_CASE("Pairs of timestamps separate segments; a single one at the end closes the last") {
    const WindowText text = cut({at(0), 1, 2, at(250), at(300), 3, at(410)});
    REQUIRE(text.segments.size() == 2);
    CHECK(text.segments[0].start == Approx(100.0));
    CHECK(text.segments[0].end == Approx(102.5));
    CHECK(text.segments[0].text == "bc");
    CHECK(text.segments[0].tokens == std::vector<Token>{at(0), 1, 2, at(250)});
    CHECK(text.segments[1].start == Approx(103.0));
    CHECK(text.segments[1].end == Approx(104.1));
    CHECK(text.segments[1].text == "d");
    CHECK(text.segments[0].seek == 10000);  // mel frames of 10 ms
    CHECK(text.segments[0].avg_logprob == -0.25);
    CHECK(text.segments[0].temperature == 0.2);
    CHECK(text.segments[0].no_speech_prob == 0.125);
    CHECK(text.segments[0].compression_ratio == 1.5);
    CHECK(text.resume_at == 130 * kSecond);  // nothing is said after the last timestamp
    CHECK(text.segments[1].tokens == std::vector<Token>{at(300), 3, at(410)});
}

TEST_CASE("Without a pair there is one segment, from the window's start to the last timestamp") {
    const WindowText text = cut({at(60), 1, 2, at(250)});
    REQUIRE(text.segments.size() == 1);
    CHECK(text.segments[0].start == Approx(100.0));
    CHECK(text.segments[0].end == Approx(102.5));
    CHECK(text.resume_at == 130 * kSecond);
}

TEST_CASE("With no timestamp but the first, the segment is as long as the window") {
    CHECK(cut({at(0), 1, 2}).segments.at(0).end == Approx(130.0));
    CHECK(cut({1, 2}, stretch(0, 12)).segments.at(0).end == Approx(12.0));
}

TEST_CASE("An unfinished segment is left to the next sequential window") {
    const std::vector<Token> tokens = {at(0), 1, at(250), at(250), 2};
    const WindowText text = cut(tokens, stretch(100, 30), true);
    REQUIRE(text.segments.size() == 1);
    CHECK(text.segments[0].end == Approx(102.5));
    CHECK(text.resume_at == 102 * kSecond + kSecond / 2);
    CHECK(text.segments[0].tokens == std::vector<Token>{at(0), 1, at(250)});
}

TEST_CASE("An unfinished segment is kept if no later window would include it") {
    const WindowText text = cut({at(0), 1, at(250), at(250), 2});
    REQUIRE(text.segments.size() == 2);
    CHECK(text.segments[1].start == Approx(102.5));
    CHECK(text.segments[1].end == Approx(130.0));
    CHECK(text.segments[1].text == "c");
}

TEST_CASE("A sequential window always moves on") {
    // A pair at 0.02 s moves 320 samples; a pair that lies beyond the audio moves to its end.
    CHECK(cut({at(0), 1, at(2), at(2), 2}, stretch(0, 30), true).resume_at == 320);
    CHECK(cut({at(0), 1, at(2000), at(2000), 2}, stretch(0, 12), true).resume_at == 12 * kSecond);
}

TEST_CASE("Segments without text or length are dropped") {
    CHECK(cut({at(0), kBlank, at(100), at(100), 1, at(200)}).segments.size() == 1);
    CHECK(cut({at(0), 1, at(100), at(200), 2, at(200)}).segments.size() == 1);
    CHECK(cut({at(0)}).segments.empty());
    CHECK(cut({}).segments.empty());
}

TEST_CASE("Silence has no segments, and the next window starts after it") {
    DecodingResult result = said({at(0), 1, at(100)});
    result.silence = true;
    const WindowText text = window_text(result, stretch(5, 30), small_vocabulary(), true);
    CHECK(text.segments.empty());
    CHECK(text.resume_at == 35 * kSecond);
}

TEST_CASE("Times end with the window's audio, and text after it is dropped") {
    const WindowText text =
        cut({at(0), 1, at(900), at(900), 2, at(1400), at(1500), 3, at(1600)}, stretch(0, 10));
    REQUIRE(text.segments.size() == 2);
    CHECK(text.segments[1].start == Approx(9.0));
    CHECK(text.segments[1].end == Approx(10.0));
}

TEST_CASE("Times skip what was cut out of the file") {
    // 4 s from second 10 on, then 6 s from second 50 on.
    audio::Window window;
    window.pieces = {{0, 10 * kSecond, 4 * kSecond}, {4 * kSecond, 50 * kSecond, 6 * kSecond}};
    const WindowText text = cut({at(0), 1, at(400), at(400), 2, at(600)}, window);
    REQUIRE(text.segments.size() == 2);
    CHECK(text.segments[0].start == Approx(10.0));
    CHECK(text.segments[0].end == Approx(14.0));    // what ends on the border ends before the gap
    CHECK(text.segments[1].start == Approx(50.0));  // what starts there starts behind it
    CHECK(text.segments[1].end == Approx(52.0));
}

TEST_CASE("If the text ends before the window's audio, the result says where the rest starts") {
    CHECK(cut({at(0), 1, at(2000)}).rest_from == 20 * kSecond);
    CHECK(cut({at(0), 1, at(2000), at(2000)}).rest_from == 20 * kSecond);
    CHECK_FALSE(cut({at(0), 1, at(2852)}).rest_from);               // less than a second and a half: a pause
    CHECK_FALSE(cut({at(0), 1, at(2000), at(2000), 2}).rest_from);  // text goes on to the end
    CHECK_FALSE(cut({at(0), 1}).rest_from);                         // no times at all
    CHECK_FALSE(cut({at(0)}).rest_from);                            // nothing dealt with: no use trying again
    CHECK_FALSE(cut({at(0), 1, at(2000)}, stretch(100, 30), true).rest_from);  // the next window takes it up
    DecodingResult silence = said({at(0), 1, at(2000)});
    silence.silence = true;
    CHECK_FALSE(window_text(silence, stretch(100, 30), small_vocabulary(), false).rest_from);
}
