// Text made up in silence: rules as in openai/whisper's transcribe.py, scores worked out by hand.
#include "transcribe/hallucination.h"

#include "catch.h"
#include "unit/transcribe/pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

Word word(double start, double end, double probability, std::string text = " w") {
    return {start, end, std::move(text), probability};
}

/// Three words; odd ones are improbable.
Segment segment(double start, double end, bool odd = false, std::string text = " w w w") {
    Segment out;
    out.start = start;
    out.end = end;
    out.text = std::move(text);
    const double third = (end - start) / 3;
    for (int i = 0; i < 3; ++i)
        out.words.push_back(word(start + i * third, start + (i + 1) * third, odd ? 0.1 : 0.9));
    return out;
}

Segment odd(double start, double end) {
    return segment(start, end, true);
}

/// What of a sequential window from second 100 on stands, and where the next one begins. Threshold: 2 s.
struct Skipped {
    Skipped(std::vector<Segment> segments, double seconds = 30, double last_speech = 99) {
        text.segments = std::move(segments);
        text.resume_at = static_cast<int64_t>((100 + seconds) * kSecond);
        audio::Window window;
        window.pieces = {{0, 100 * kSecond, static_cast<int64_t>(seconds * kSecond)}};
        skip_silence(text, window, {2, 30, last_speech});
        count = text.segments.size();
        resume = static_cast<double>(text.resume_at) / kSecond;
    }
    WindowText text;
    size_t count = 0;
    double resume = 0;
};

/// Starts of those that a filter with a threshold of 2 s lets through.
std::vector<double> filtered(std::vector<Segment> segments, double audio_end,
                             std::optional<double> threshold = 2) {
    SilenceFilter filter(threshold);
    std::vector<double> starts;
    for (Segment& one : segments) {
        const bool anomalous = is_anomalous(one.words);
        for (const Segment& out : filter.add(std::move(one), anomalous)) starts.push_back(out.start);
    }
    for (const Segment& out : filter.end(audio_end)) starts.push_back(out.start);
    return starts;
}

using Starts = std::vector<double>;

}  // namespace

TEST_CASE("A word is odd if it is improbable, very short or very long") {
    CHECK(anomaly_score(word(1, 1.5, 0.9)) == 0);
    CHECK(anomaly_score(word(1, 1.5, 0.14)) == Approx(1));
    CHECK(anomaly_score(word(1, 1.5, 0.15)) == 0);
    CHECK(anomaly_score(word(1, 1, 0.9)) == Approx(0.133 * 15));
    CHECK(anomaly_score(word(1, 1.1, 0.9)) == Approx(0.033 * 15));
    CHECK(anomaly_score(word(1, 4.5, 0.9)) == Approx(1.5));
    CHECK(anomaly_score(word(1, 4.5, 0.1)) == Approx(2.5));
}

TEST_CASE("A segment is odd if its first eight words are, punctuation aside") {
    std::vector<Word> one;
    CHECK_FALSE(is_anomalous(one));  // without words
    one = {word(0, 0.5, 0.1)};
    CHECK(is_anomalous(one));
    one = {word(0, 0.5, 0.1), word(0.5, 1, 0.9)};
    CHECK_FALSE(is_anomalous(one));  // 1 of 2
    one = {word(0, 0.5, 0.1), word(0.5, 1, 0.9, "!")};
    CHECK(is_anomalous(one));  // 1 of 1
    one.assign(8, word(0, 0.5, 0.9));
    one.insert(one.end(), 8, word(1, 1, 0.1));
    CHECK_FALSE(is_anomalous(one));  // the odd ones come ninth and later
    std::fill(one.begin(), one.begin() + 3, word(0, 0.5, 0.1));
    CHECK(is_anomalous(one));  // 3 is enough, of however many
    one = {word(0, 0.5, 0.9), word(1, 5.1, 0.1), word(5.1, 5.5, 0.9), word(6, 6.5, 0.9)};
    CHECK(is_anomalous(one));  // 1 + 2.1
}

TEST_CASE("A word over the border of a pause that was cut out is no longer than it was in the window") {
    // Five seconds from second 10 of the file on, then five from second 60 on; a word over the border.
    audio::Window window;
    window.pieces = {{0, 10 * kSecond, 5 * kSecond}, {5 * kSecond, 60 * kSecond, 5 * kSecond}};
    DecodingResult result;
    result.tokens = {at(400), kBlank, 1, at(560)};
    result.probabilities.assign(4, 0.9F);
    result.text_times = {4.4, 5.0, 5.5};
    const WindowText text = window_text(result, window, small_vocabulary(), false);
    REQUIRE(text.segments.size() == 1);
    CHECK(text.segments[0].words.front().start == Approx(14.4));
    CHECK(text.segments[0].words.front().end == Approx(15.0));
    CHECK(text.anomalous == std::vector<bool>{false});
    result.probabilities.assign(4, 0.1F);
    CHECK(window_text(result, window, small_vocabulary(), false).anomalous == std::vector<bool>{true});
}

TEST_CASE("A window that begins with a long silence and odd words starts again after the silence") {
    const Skipped skipped({odd(103, 104), segment(104, 106)});
    CHECK(skipped.text.skipped);
    CHECK(skipped.count == 0);
    CHECK(skipped.resume == Approx(103));
    CHECK_FALSE(Skipped({segment(103, 104)}).text.skipped);
    CHECK_FALSE(Skipped({odd(102, 104), segment(104, 106)}).text.skipped);  // no more than the threshold
}

TEST_CASE("An odd segment in silence is dropped with those after it, and heard again") {
    const Skipped middle({segment(100, 104), odd(110, 112), segment(115, 118)});
    CHECK_FALSE(middle.text.skipped);
    CHECK(middle.count == 1);
    CHECK(middle.resume == Approx(110));
    // More of its kind behind it are as good as silence; so is the end of a whole window.
    CHECK(Skipped({segment(100, 104), odd(110, 112), odd(112, 114), segment(114, 118)}).resume ==
          Approx(110));
    CHECK(Skipped({segment(100, 104), odd(128, 129)}).resume == Approx(128));
    // At the window's start its own is not: a second of it is passed over at the least.
    const Skipped start({odd(100, 101), segment(104, 106)});
    CHECK(start.count == 0);
    CHECK(start.resume == Approx(101));
}

TEST_CASE("An odd segment beside speech is kept, and so are other segments in silence") {
    CHECK(Skipped({segment(100, 104), odd(105, 107), segment(112, 114)}).count == 3);
    CHECK(Skipped({segment(100, 104), odd(110, 112), segment(113, 114)}).count == 3);
    const Skipped good({segment(100, 104), segment(110, 112), segment(116, 118)});
    CHECK(good.count == 3);
    CHECK(good.resume == Approx(130));
    // Silence begins where the window before said its last word: 3 s before these, or 1.5.
    CHECK(Skipped({odd(102, 103), segment(106, 107)}, 30, 99).count == 0);
    CHECK(Skipped({odd(102, 103), segment(106, 107)}, 30, 100.5).count == 2);
}

TEST_CASE("If the audio's last words are dropped, no window follows") {
    // The audio ends at 115: 1 s behind the odd words, less than the threshold; silence before them.
    const Skipped over({segment(100, 104), odd(110, 112), odd(112, 114)}, 15);
    CHECK(over.count == 1);
    CHECK(over.resume == Approx(110));  // the first is 3 s from the end: heard again
    CHECK(Skipped({segment(100, 104), odd(112, 113.5), odd(113.5, 114)}, 15).resume == Approx(115));
    // The end of the audio is not the end of a window.
    CHECK(Skipped({segment(100, 104), odd(113, 114)}, 15).count == 2);
}

TEST_CASE("In windows cut at pauses, an odd segment needs silence on both sides to be dropped") {
    const Segment speech = segment(10, 14);
    CHECK(filtered({speech, odd(17, 18), segment(21, 22)}, 30) == Starts{10, 21});
    CHECK(filtered({speech, odd(15, 18), segment(21, 22)}, 30) == Starts{10, 15, 21});
    CHECK(filtered({speech, odd(17, 18), segment(19, 22)}, 30) == Starts{10, 17, 19});
    CHECK(filtered({speech, segment(17, 18), segment(21, 22)}, 30) == Starts{10, 17, 21});
    CHECK(filtered({speech, odd(17, 18), segment(21, 22)}, 30, std::nullopt) == Starts{10, 17, 21});
    CHECK(filtered({speech, odd(17, 18), segment(21, 22)}, 30, 4) == Starts{10, 17, 21});
    // The audio's own start and end are as silent as they are long.
    CHECK(filtered({odd(3, 4), segment(7, 8)}, 30) == Starts{7});
    CHECK(filtered({odd(1, 4), segment(7, 8)}, 30) == Starts{1, 7});
    CHECK(filtered({speech, odd(17, 18)}, 21) == Starts{10});
    CHECK(filtered({speech, odd(17, 18)}, 19) == Starts{10, 17});
}

TEST_CASE("Odd segments in a row are kept or dropped together") {
    const Segment speech = segment(10, 14);
    CHECK(filtered({speech, odd(17, 18), odd(18, 19), odd(19, 20), segment(23, 24)}, 30) == Starts{10, 23});
    CHECK(filtered({speech, odd(17, 18), odd(18, 19), segment(20, 24)}, 30) == Starts{10, 17, 18, 20});
    // The first is alone, the second beside speech.
    CHECK(filtered({speech, odd(17, 18), odd(21, 22), segment(23, 24)}, 30) == Starts{10, 21, 23});
}

namespace {

/// Says its level's letter as one word; of these levels, improbably. Words are a second or two into the
/// window (scripted_model.h).
ScriptedModel::Script mumbles(std::set<int> levels, Token last) {
    return [levels, last](float level, std::span<const Token> history, std::span<float> logits) {
        const std::vector<Token> text = {at(160), kBlank, letter(level), last};
        const size_t i = sampled(history).size();
        if ((i == 1 || i == 2) && levels.contains(static_cast<int>(level))) {
            for (size_t token = 0; token < static_cast<size_t>(kMusic); ++token) logits[token] = 9.9F;
        }
        next_token(history, text, logits);
    };
}

TranscribeOptions with_threshold(std::optional<double> threshold) {
    TranscribeOptions options = english();
    options.decoding.word_timestamps = true;
    options.decoding.max_initial_timestamp.reset();
    options.decoding.temperatures = {0};
    options.words.hallucination_silence_threshold = threshold;
    return options;
}

/// Runs one input in windows of `window_seconds`. The words of each begin at this frame or later.
void run(Bench& bench, size_t window_seconds, int first_frame, const std::vector<int>& levels) {
    bench.model().heads = 1;
    bench.model().first_frame = first_frame;
    bench.window_seconds = window_seconds;
    bench.add("a", levels);
    bench.run();
}

/// Each of these levels, for its number of seconds.
std::vector<int> levels_of(const std::vector<std::pair<int, size_t>>& parts) {
    std::vector<int> levels;
    for (const auto& [level, seconds] : parts) levels.insert(levels.end(), seconds, level);
    return levels;
}

std::string heard(const std::vector<int>& levels, std::set<int> improbable, TranscribeOptions options,
                  std::vector<Segment>* told = nullptr) {
    Bench bench(mumbles(std::move(improbable), at(480)), std::move(options));
    std::vector<std::pair<int, size_t>> parts;
    for (const int level : levels) parts.emplace_back(level, 5);
    run(bench, 5, 100, levels_of(parts));
    if (told != nullptr) *told = bench.segments[0];
    return bench.done.at(0).text();
}

}  // namespace

TEST_CASE("Windows cut at pauses: an improbable word in silence is left out") {
    // A word every five seconds, from 1.6 to 3 s of each: 3.6 s of silence.
    CHECK(heard({0, 1, 2}, {1}, with_threshold(std::nullopt)) == " b c d");
    CHECK(heard({0, 1, 2}, {1}, with_threshold(3)) == " b d");
    CHECK(heard({0, 1, 2}, {1}, with_threshold(4)) == " b c d");
    // Behind the last one, 2 s.
    CHECK(heard({0, 2, 1}, {1}, with_threshold(1.5)) == " b d");
    CHECK(heard({0, 2, 1}, {1}, with_threshold(3)) == " b d c");
}

TEST_CASE("Each segment is reported once, in order, even if some are held back") {
    std::vector<Segment> told;
    CHECK(heard({0, 1, 2, 1, 1}, {1}, with_threshold(3), &told) == " b d c");
    REQUIRE(told.size() == 3);
    for (size_t i = 0; i < told.size(); ++i) CHECK(told[i].id == static_cast<int>(i));
    CHECK(told[2].start == Approx(21.6));
}

TEST_CASE("A clip's end counts as the end of the audio") {
    TranscribeOptions options = with_threshold(1.5);
    options.clips = {{0, 5}, {10, 15}};
    // The last word ends 2 s before the clip does, and 7 before the file.
    CHECK(heard({0, 3, 1, 3}, {1}, options) == " b");
    options.words.hallucination_silence_threshold = 3;
    CHECK(heard({0, 3, 1, 3}, {1}, options) == " b c");
}

TEST_CASE("Text that may be made up is not part of the next prompt") {
    std::vector<Token> previous;  // of the third window
    TranscribeOptions options = with_threshold(4);
    options.condition_on_previous_text = true;
    const auto script = mumbles({1}, at(480));
    Bench bench(
        [&](float level, std::span<const Token> history, std::span<float> logits) {
            const auto sot = std::find(history.begin(), history.end(), kSot);
            if (level == 2) previous.assign(history.begin(), sot);
            script(level, history, logits);
        },
        options);
    run(bench, 5, 100, levels_of({{0, 5}, {1, 5}, {2, 5}}));
    CHECK(previous == std::vector<Token>{kSotPrev, at(160), kBlank, 1, at(480)});
}

TEST_CASE("Sequential windows: improbable words after silence are heard again without it") {
    // 40 s: the first window hears level 0 and 20 s of silence before its word; the second, from there on,
    // level 1. Its prompt and its prefix are those of a first window: nothing stands yet.
    std::vector<Token> prompt;
    for (const bool skips : {false, true}) {
        TranscribeOptions options = with_threshold(skips ? std::optional(2.0) : std::nullopt);
        options.vad = false;
        options.initial_prompt = "hi";
        const auto script = mumbles({0}, at(2900));
        Bench bench(
            [&](float level, std::span<const Token> history, std::span<float> logits) {
                if (level == 1)
                    prompt.assign(history.begin(), std::find(history.begin(), history.end(), kSot));
                script(level, history, logits);
            },
            options);
        run(bench, 30, 900, levels_of({{0, 10}, {1, 30}}));
        const Transcript& transcript = bench.done.at(0);
        CHECK(transcript.text() == (skips ? " c" : " b c"));
        CHECK(transcript.segments.back().seek == (skips ? 1760 : 3000));
        CHECK(prompt.empty() != skips);
        CHECK(bench.progress.at(0).back() == Approx(40));
    }
}

TEST_CASE("The prefix begins the first window whose text is kept") {
    TranscribeOptions options = with_threshold(2);
    options.vad = false;
    options.prefix = "hi";
    Bench bench(
        [](float level, std::span<const Token> history, std::span<float> logits) {
            // Behind the prefix: three improbable words at level 0, a good one at level 1.
            const size_t i = sampled(history).size() - 4;
            const size_t letters = level == 0 ? 6 : 2;
            if (i < letters && level == 0) std::fill(logits.begin(), logits.begin() + kMusic, 9.9F);
            const Token next = i < letters    ? (i % 2 == 0 ? kBlank : letter(level))
                               : i == letters ? at(2900)
                                              : kEot;
            logits[static_cast<size_t>(next)] = 10;
        },
        options);
    run(bench, 30, 900, levels_of({{0, 10}, {1, 30}}));
    CHECK(bench.done.at(0).text() == " hi c");
}
