// Speech in which no word was looked for: found by hand-made frames, and decoded again by the pipeline.
#include "transcribe/coverage.h"

#include "catch.h"
#include "transcribe/audio_context.h"
#include "unit/transcribe/pipeline_bench.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr int64_t kMs = audio::kSampleRate / 1000;

/// A window of the file from second 100 on, with speech in these milliseconds of it.
audio::Window heard(int64_t ms, const std::vector<std::pair<int64_t, int64_t>>& speech) {
    audio::Window window;
    window.samples.resize(static_cast<size_t>(ms * kMs));
    window.pieces = {{0, 100 * audio::kSampleRate, ms * kMs}};
    for (const auto& [begin, end] : speech) window.speech.push_back({begin * kMs, end * kMs});
    return window;
}

/// A text token, or a timestamp, and the millisecond at which it was looked for.
DecodingResult said(const std::vector<std::pair<Token, int>>& tokens) {
    DecodingResult result;
    result.language = "en";
    for (const auto& [token, ms] : tokens) {
        result.tokens.push_back(token);
        result.frames.push_back(ms < 0 ? -1 : ms / 20);
        result.probabilities.push_back(0.5F);
    }
    return result;
}

/// The words "b", "c", "d", each with its space, looked for at these milliseconds.
DecodingResult words_at(const std::vector<int>& times) {
    std::vector<std::pair<Token, int>> tokens;
    for (size_t i = 0; i < times.size(); ++i) {
        tokens.emplace_back(kBlank, times[i]);
        tokens.emplace_back(static_cast<Token>(i + 1), times[i]);
    }
    return said(tokens);
}

std::vector<Hole> holes(const DecodingResult& result, const audio::Window& window) {
    return find_holes(result, window, small_vocabulary(), {});
}

}  // namespace

TEST_CASE("Speech in which a word is looked for every half second has no hole") {
    std::vector<int> times;
    for (int ms = 250; ms < 10000; ms += 500) times.push_back(ms);
    times.resize(18);  // letters b to s
    CHECK(holes(words_at(times), heard(9250, {{0, 9200}})).empty());
}

TEST_CASE("A pause is not a hole, however long it is") {
    CHECK(holes(words_at({500, 9500}), heard(10000, {{200, 900}, {9100, 9900}})).empty());
}

TEST_CASE("A stretch of speech between two words, with none looked for in it, is a hole") {
    const auto found = holes(words_at({500, 5500}), heard(6000, {{200, 900}, {1500, 4500}, {5200, 5900}}));
    REQUIRE(found.size() == 1);
    CHECK(found[0].tokens == 2);
    // The speech with 0.2 s before and after it, in frames of 20 ms.
    CHECK(found[0].audio == audio::Range{1300 * kMs, 4700 * kMs});
}

TEST_CASE("Without pauses a hole leaves 0.3 s to the words on its sides") {
    const auto found = holes(words_at({1000, 4000}), heard(5000, {{0, 5000}}));
    REQUIRE(found.size() == 1);
    CHECK(found[0].audio == audio::Range{1300 * kMs, 3700 * kMs});
}

TEST_CASE("Holes are found before the first word and after the last one") {
    const auto found = holes(words_at({3000, 3400}), heard(8000, {{200, 2600}, {2800, 3700}, {4500, 7500}}));
    REQUIRE(found.size() == 2);
    CHECK(found[0].tokens == 0);
    CHECK(found[0].audio == audio::Range{0, 2800 * kMs});
    CHECK(found[1].tokens == 4);
    CHECK(found[1].audio == audio::Range{4300 * kMs, 7700 * kMs});
}

TEST_CASE("Less than 1.2 s of speech without words is not enough for a hole") {
    CHECK(holes(words_at({500, 3000}), heard(4000, {{0, 900}, {1200, 2380}, {2700, 3500}})).empty());
    CHECK(holes(words_at({500, 3000}), heard(4000, {{0, 900}, {1200, 2400}, {2700, 3500}})).size() == 1);
}

TEST_CASE("A word that is looked for out of order hides no hole") {
    // The fourth word is looked for at the beginning, and the second one behind the end of the others.
    const auto found = holes(words_at({500, 7800, 900, 400, 1300, 5500, 5900}), heard(8500, {{0, 6400}}));
    REQUIRE(found.size() == 1);
    CHECK(found[0].tokens == 10);
    CHECK(found[0].audio == audio::Range{1600 * kMs, 5200 * kMs});
}

TEST_CASE("A word whose first token is looked for before a jump, and the others after it, hides no hole") {
    const auto found =
        holes(said({{kBlank, 500}, {1, 500}, {kBlank, 900}, {2, 5500}, {kBlank, 5900}, {3, 5900}}),
              heard(6500, {{0, 6400}}));
    REQUIRE(found.size() == 1);
    CHECK(found[0].tokens == 2);
    CHECK(found[0].audio == audio::Range{800 * kMs, 5200 * kMs});
}

/// Words of these many letters, each one token, looked for at these milliseconds.
std::vector<Hole> holes_between_words(const std::vector<std::pair<int, int>>& letters_and_times,
                                      const audio::Window& window) {
    Vocabulary vocabulary = small_vocabulary();
    vocabulary.split_words = [](std::span<const Token> tokens, std::string_view) {
        std::vector<Tokenizer::Word> words;
        for (const Token token : tokens)
            words.push_back({" " + std::string(static_cast<size_t>(token), 'w'), {token}});
        return words;
    };
    std::vector<std::pair<Token, int>> tokens;
    for (const auto& [letters, ms] : letters_and_times) tokens.emplace_back(letters, ms);
    return find_holes(said(tokens), window, vocabulary, {});
}

TEST_CASE("Words without a known place account for 80 ms of speech a letter") {
    // 2.4 s of speech lie between the first word and the third. The second was looked for at the end.
    const audio::Window window = heard(6000, {{0, 6000}});
    CHECK(holes_between_words({{5, 500}, {15, 5900}, {5, 3500}, {5, 4500}, {5, 5500}}, window).size() == 1);
    CHECK(holes_between_words({{5, 500}, {16, 5900}, {5, 3500}, {5, 4500}, {5, 5500}}, window).empty());
    // So do words before the first that has a place, and after the last.
    CHECK(holes_between_words({{16, 5900}, {5, 3000}, {5, 4000}, {5, 5000}}, heard(6000, {{300, 5400}}))
              .empty());
    CHECK(holes_between_words({{5, 1000}, {5, 2000}, {5, 3000}, {16, 100}}, heard(6000, {{300, 5400}}))
              .empty());
}

TEST_CASE("Of two words that are looked for at one frame, one is there") {
    const audio::Window window = heard(6000, {{0, 6000}});
    CHECK(holes_between_words({{16, 3500}, {5, 500}, {5, 3500}, {5, 4500}, {5, 5500}}, window).size() == 1);
    CHECK(holes_between_words({{5, 500}, {16, 3500}, {5, 3500}, {5, 4500}, {5, 5500}}, window).empty());
}

TEST_CASE("Three words that are looked for at one frame have no known place") {
    // "The later editions tend to extend the period" as base heard it: the attention of the first four words
    // is at the end of the speech.
    const audio::Window window = heard(4100, {{400, 3728}});
    CHECK(
        holes_between_words(
            {{3, 3920}, {5, 3920}, {8, 3920}, {4, 3920}, {2, 2320}, {6, 2440}, {3, 3100}, {6, 3240}}, window)
            .empty());
    // Four words of one letter would leave speech out.
    const auto found = holes_between_words(
        {{1, 3920}, {1, 3920}, {1, 3920}, {1, 3920}, {2, 2320}, {6, 2440}, {3, 3100}, {6, 3240}}, window);
    REQUIRE(found.size() == 1);
    CHECK(found[0].tokens == 4);
    CHECK(found[0].audio == audio::Range{200 * kMs, 2020 * kMs});
    // "Hold on, hold facts, hold out, ..." in 4.7 s: most words rest on a frame of the first pause.
    CHECK(holes_between_words({{4, 2040},
                               {2, 2040},
                               {4, 1140},
                               {5, 2040},
                               {4, 2240},
                               {3, 2440},
                               {5, 2040},
                               {3, 2040},
                               {9, 2040}},
                              heard(4700, {{400, 1872}, {2192, 2704}, {2928, 4400}}))
              .empty());
}

TEST_CASE("Punctuation does not count as a word in a hole, and stays with the word before it") {
    Vocabulary vocabulary = small_vocabulary();
    vocabulary.split_words = [](std::span<const Token> tokens, std::string_view) {
        std::vector<Tokenizer::Word> words;
        for (const Token token : tokens) words.push_back({token == 5 ? "." : "word", {token}});
        return words;
    };
    const auto found = find_holes(said({{at(0), 0}, {1, 400}, {5, 3000}, {2, 5600}, {at(600), 5800}}),
                                  heard(6000, {{0, 6000}}), vocabulary, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].tokens == 3);
}

TEST_CASE("Nothing is judged without a map of speech, without frames, in silence, or with a given prefix") {
    const audio::Window window = heard(6000, {{0, 6000}});
    DecodingResult result = words_at({500, 5500});
    REQUIRE(holes(result, window).size() == 1);
    CHECK(holes(result, heard(6000, {})).empty());
    CHECK(holes(DecodingResult{}, window).empty());
    result.silence = true;
    CHECK(holes(result, window).empty());
    result.silence = false;
    result.prefix_tokens = 2;
    CHECK(holes(result, window).empty());
    result.prefix_tokens = 0;
    result.frames.clear();
    CHECK(holes(result, window).empty());
}

TEST_CASE("The stretches around a hole keep their tokens, with the times of their own windows") {
    const audio::Window window = heard(6000, {{0, 6000}});
    const DecodingResult result = said(
        {{at(0), 0}, {1, 400}, {at(500), 600}, {at(500), 600}, {kBlank, 5600}, {2, 5600}, {at(600), 5800}});
    const auto found = find_holes(result, window, small_vocabulary(), {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].tokens == 3);
    CHECK(found[0].audio == audio::Range{700 * kMs, 5300 * kMs});
    const auto stretches = split_at_holes(result, window, found, small_vocabulary());
    REQUIRE(stretches.size() == 2);
    // Whisper's end of the first segment lies beyond the hole: it ends where the hole begins.
    CHECK(stretches[0].result.tokens == std::vector<Token>{at(0), 1, at(70)});
    CHECK(stretches[0].window.pieces.front().length == 700 * kMs);
    // The second one begins where the hole ends.
    CHECK(stretches[1].result.tokens == std::vector<Token>{at(0), kBlank, 2, at(70)});
    CHECK(stretches[1].window.pieces.front().in_file == 100 * audio::kSampleRate + 5300 * kMs);
    CHECK(stretches[1].result.frames == std::vector<int>{0, 15, 15, 25});
}

TEST_CASE("A segment is cut where a hole lies inside it, and its words keep their times in the file") {
    const audio::Window window = heard(6000, {{0, 6000}});
    DecodingResult result = said({{at(0), 0}, {1, 400}, {2, 5600}, {at(600), 5800}});
    result.text_times = {0.1, 3.0, 5.9};
    const auto stretches = split_at_holes(result, window, {{2, {700 * kMs, 5300 * kMs}}}, small_vocabulary());
    CHECK(stretches[0].result.tokens == std::vector<Token>{at(0), 1, at(70)});
    CHECK(stretches[0].result.text_times == std::vector<double>{0.1, 0.7});
    CHECK(stretches[1].result.tokens == std::vector<Token>{2, at(70)});
    REQUIRE(stretches[1].result.text_times.size() == 2);
    CHECK(stretches[1].result.text_times[0] == Approx(0));
    CHECK(stretches[1].result.text_times[1] == Approx(0.6));
}

TEST_CASE("A hole is filled by likely words alone") {
    DecodingResult result = said({{at(0), 0}, {1, 0}, {at(100), 0}});
    result.avg_logprob = -0.4;
    CHECK(fills_hole(result, small_vocabulary(), " c d", " e f"));
    result.avg_logprob = -1.1;
    CHECK_FALSE(fills_hole(result, small_vocabulary(), " c d", " e f"));
    result.avg_logprob = -0.4;
    result.compression_ratio = 2.5;
    CHECK_FALSE(fills_hole(result, small_vocabulary(), " c d", " e f"));
    result.compression_ratio = 1;
    result.temperature = 0.2;
    CHECK_FALSE(fills_hole(result, small_vocabulary(), " c d", " e f"));
    result.temperature = 0;
    result.silence = true;
    CHECK_FALSE(fills_hole(result, small_vocabulary(), " c d", " e f"));
    CHECK_FALSE(fills_hole(said({{at(0), 0}, {at(100), 0}}), small_vocabulary(), "", ""));
}

TEST_CASE("What the words on either side of a hole say already does not fill it") {
    DecodingResult result =
        said({{at(0), 0}, {kBlank, 0}, {2, 0}, {kBlank, 0}, {3, 0}, {at(100), 0}});  // " c d"
    result.avg_logprob = -0.4;
    CHECK_FALSE(fills_hole(result, small_vocabulary(), "", " C, d of b"));
    CHECK_FALSE(fills_hole(result, small_vocabulary(), " b c D.", ""));
    CHECK(fills_hole(result, small_vocabulary(), " c d e", " d c"));
}

TEST_CASE("What the words on either side of a hole say a little differently does not fill it, either") {
    DecodingResult result = said({{at(0), 0}});
    for (Token letter = 2; letter < 12; ++letter) result.tokens.push_back(letter);  // "cdefghijkl"
    result.avg_logprob = -0.4;
    CHECK_FALSE(fills_hole(result, small_vocabulary(), "", " cde fxh ijkl, mn"));
    CHECK_FALSE(fills_hole(result, small_vocabulary(), " ab. efgh ijkl", ""));
    CHECK(fills_hole(result, small_vocabulary(), " cdefm nopqr", " mnop qrijkl"));
}

namespace {

/// Text of windows by their level.
ScriptedModel::Script says(const std::map<int, std::vector<Token>>& texts) {
    return [texts](float level, std::span<const Token> history, std::span<float> logits) {
        next_token(history, texts.at(static_cast<int>(level)), logits);
    };
}

/// Words of one letter, from "f" on, with a timestamp before and after them.
std::vector<Token> letters(int count, Token end) {
    std::vector<Token> text = {at(0)};
    for (int i = 0; i < count; ++i) {
        text.push_back(kBlank);
        text.push_back(5 + i);
    }
    text.push_back(end);
    return text;
}

/// Six seconds of speech in one window. A word is looked for 0.2 s after the one before it.
void listen(Bench& bench, const std::vector<int>& levels) {
    bench.window_seconds = 6;
    bench.hears_speech = true;
    bench.model().heads = 1;
    bench.add("a", levels);
    bench.run();
}

}  // namespace

TEST_CASE("Speech after the last word is decoded again, and its words follow") {
    for (const size_t batch : {1U, 3U}) {
        // " b" is looked for at 0.8 s. From 1.1 s on, where the level is 3, nothing is said.
        Bench bench(says({{0, {at(0), kBlank, 1, at(600)}}, {3, letters(10, at(480))}}), english(), batch);
        listen(bench, {0, 3, 3, 3, 3, 3});
        CHECK(bench.done.at(0).text() == " b f g h i j k l m n o");
        REQUIRE(bench.done.at(0).segments.size() == 2);
        CHECK(bench.done.at(0).segments[0].end == Approx(1.1));
        CHECK(bench.done.at(0).segments[1].start == Approx(1.1));
        CHECK(bench.done.at(0).segments[1].end == Approx(1.1 + 4.8));
        CHECK(bench.timing().coverage_guard == 1);
        CHECK(bench.timing().coverage_filled == 1);
    }
}

TEST_CASE("Words of a hole come between those that were decoded before and after it") {
    TranscribeOptions options = english();
    for (const bool previous : {false, true}) {
        options.condition_on_previous_text = previous;
        const std::vector<Token> around = {at(0), kBlank, 1, at(300), at(300), kBlank, 2, at(600)};
        // Nothing is said in the window behind.
        Bench bench(says({{0, around}, {3, letters(8, at(380))}, {5, {at(0)}}}), options);
        // The second word of the window is looked for at 5.3 s.
        bench.model().looks_at = {{7, 264}, {8, 266}};
        listen(bench, {0, 3, 3, 3, 3, 0, 5, 5, 5, 5, 5, 5});
        CHECK(bench.done.at(0).text() == " b f g h i j k l m c");
        const auto& segments = bench.done.at(0).segments;
        REQUIRE(segments.size() == 3);
        for (size_t i = 1; i < segments.size(); ++i) CHECK(segments[i].start >= segments[i - 1].end);
        CHECK(segments[2].start == Approx(4.98));
        CHECK(bench.timing().coverage_guard == 1);
        CHECK(bench.timing().windows == 3);
        CHECK(bench.segments.at(0).size() == 3);
    }
}

TEST_CASE("A hole in which no words are found leaves the text as it was") {
    const std::vector<Token> around = {at(0), kBlank, 1, at(300), at(300), kBlank, 2, at(600)};
    Bench bench(says({{0, around}, {3, {at(0)}}}), english());
    bench.model().looks_at = {{7, 264}, {8, 266}};
    listen(bench, {0, 3, 3, 3, 3, 0});
    CHECK(bench.done.at(0).text() == " b c");
    CHECK(bench.timing().coverage_guard == 1);
    CHECK(bench.timing().coverage_filled == 0);
}

TEST_CASE("A hole inside the text of a hole is decoded again, too") {
    // From 1.1 s on " c" is said, and heard at 1.9 s. From 2.2 s on, where the level is 4, the rest is.
    Bench bench(
        says({{0, {at(0), kBlank, 1, at(600)}}, {3, {at(0), kBlank, 2, at(480)}}, {4, letters(8, at(380))}}),
        english());
    listen(bench, {0, 3, 4, 4, 4, 4});
    CHECK(bench.done.at(0).text() == " b c f g h i j k l m");
    CHECK(bench.timing().coverage_guard == 2);
    CHECK(bench.timing().coverage_filled == 2);
}

TEST_CASE("A translation's words are not looked for in order, so nothing is decoded again") {
    TranscribeOptions options = english();
    options.task = Task::translate;
    Bench bench(says({{0, {at(0), kBlank, 1, at(600)}}, {3, letters(10, at(480))}}), options);
    listen(bench, {0, 3, 3, 3, 3, 3});
    CHECK(bench.done.at(0).text() == " b");
    CHECK(bench.timing().coverage_guard == 0);
}
