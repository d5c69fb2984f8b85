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

namespace {

/// 4 s from second 10 on, then 6 s from second 50 on, with 0.4 s of padding on both sides of the pause:
/// speech until 3.6 s of the window, and from 4.4 s on.
audio::Window around_a_pause() {
    audio::Window window;
    window.pieces = {{0, 10 * kSecond, 4 * kSecond}, {4 * kSecond, 50 * kSecond, 6 * kSecond}};
    window.padding = kSecond * 2 / 5;
    return window;
}

}  // namespace

TEST_CASE("A segment ends when its speech ends, although its timestamp lies beyond the pause") {
    const WindowText text = cut({at(0), 1, at(430), at(430), 2, at(600)}, around_a_pause());
    REQUIRE(text.segments.size() == 2);
    CHECK(text.segments[0].start == Approx(10.0));
    CHECK(text.segments[0].end == Approx(13.8));  // the speech's end and 0.2 s
    CHECK(text.segments[1].start == Approx(50.3));
    CHECK(text.segments[1].end == Approx(52.0));
}

TEST_CASE("A segment starts when its speech starts, although its timestamp lies before the pause") {
    const WindowText text = cut({at(0), 1, at(300), at(370), 2, at(600)}, around_a_pause());
    REQUIRE(text.segments.size() == 2);
    CHECK(text.segments[0].end == Approx(13.0));
    CHECK(text.segments[1].start == Approx(50.0));
}

TEST_CASE("A segment with speech on both sides of a pause is split there, with its tokens") {
    // " bc d" is one segment: " bc" is said before the pause, " d" after it.
    DecodingResult result = said({at(0), kBlank, 1, 2, kBlank, 3, at(600)});
    result.text_times = {2.9, 3.1, 3.5, 3.9, 4.0, 5.0};
    CHECK(spans_pause(result, around_a_pause(), small_vocabulary(), false));
    for (const bool keep_words : {false, true}) {
        const WindowText text =
            window_text(result, around_a_pause(), small_vocabulary(), false, {}, keep_words);
        REQUIRE(text.segments.size() == 2);
        CHECK(text.anomalous.size() == 2);
        const Segment& before = text.segments[0];
        const Segment& after = text.segments[1];
        CHECK(before.text == " bc");
        CHECK(before.tokens == std::vector<Token>{at(0), kBlank, 1, 2});
        CHECK(before.token_details.size() == 4);
        CHECK(before.start == Approx(keep_words ? 12.9 : 10.0));  // its word, or its timestamp
        CHECK(before.end == Approx(13.8));                        // speech until 13.6
        CHECK(after.text == " d");
        CHECK(after.tokens == std::vector<Token>{kBlank, 3, at(600)});
        CHECK(after.start == Approx(50.0));
        CHECK(after.end == Approx(keep_words ? 51.0 : 52.0));
        CHECK(before.words.size() == (keep_words ? 1U : 0U));
        if (keep_words) CHECK(after.words.at(0).start == Approx(50.0));
    }
}

TEST_CASE("A segment whose words all stand on one side of a pause stays whole") {
    DecodingResult result = said({at(0), kBlank, 1, kBlank, 3, at(470)});
    result.text_times = {1.0, 1.2, 2.0, 2.2, 4.1};
    CHECK(spans_pause(result, around_a_pause(), small_vocabulary(), false));
    const WindowText text = window_text(result, around_a_pause(), small_vocabulary(), false, {}, false);
    REQUIRE(text.segments.size() == 1);
    CHECK(text.segments[0].text == " b d");
    CHECK(text.segments[0].end == Approx(13.8));
    CHECK(text.segments[0].words.empty());
}

TEST_CASE("Times are asked for only if a segment has speech on both sides of a pause") {
    const auto spans = [](std::vector<Token> tokens) {
        return spans_pause(said(std::move(tokens)), around_a_pause(), small_vocabulary(), false);
    };
    CHECK_FALSE(spans({at(0), 1, at(430), at(430), 2, at(600)}));
    CHECK(spans({at(0), 1, at(450)}));
    CHECK_FALSE(spans({at(370), 1, at(370), at(370), 2, at(600)}));
    CHECK_FALSE(spans({}));
    CHECK_FALSE(spans_pause(said({at(0), 1, at(900)}), stretch(0, 10), small_vocabulary(), false));
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
