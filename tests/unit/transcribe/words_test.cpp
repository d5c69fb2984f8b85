// Words of a window, by the rules of openai/whisper's timing.py, worked out by hand.
#include "transcribe/words.h"

#include <random>

#include "catch.h"
#include "data_paths.h"
#include "model/model.h"
#include "needs.h"
#include "transcribe/segments.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

Word word(std::string text, double start, double end) {
    return {start, end, std::move(text), 1};
}

std::vector<std::string> merged(std::vector<std::string> texts) {
    std::vector<Word> words;
    for (auto& text : texts) words.push_back(word(std::move(text), 0, 0));
    merge_punctuations(words, {});
    std::vector<std::string> out;
    for (const Word& w : words) out.push_back(w.text);
    return out;
}

audio::Window pieces(std::vector<audio::Piece> list) {
    audio::Window window;
    window.pieces = std::move(list);
    return window;
}

constexpr int64_t kSecond = audio::kSampleRate;

}  // namespace

TEST_CASE("Punctuation is joined to the word that it belongs to") {
    using Texts = std::vector<std::string>;
    CHECK(merged({" Hello", ",", " world", "!"}) == Texts{" Hello,", " world!"});
    CHECK(merged({" He", " said", " \"", "yes", "\"", "."}) == Texts{" He", " said", " \"yes\"."});
    CHECK(merged({" (", "well", ")"}) == Texts{" (well)"});
    CHECK(merged({"你", "好", "。", "我", "们"}) == Texts{"你", "好。", "我", "们"});
    CHECK(merged({" a", " -", "b"}) == Texts{" a", " -b"});
    CHECK(merged({" a", " +", "b"}) == Texts{" a", " +", "b"});
    CHECK(merged({}).empty());
}

TEST_CASE("A sentence's last mark, and the word after it, are no longer than two usual words") {
    // Lengths 0.2, 0.2, 2 (the mark), 3, 0.2: the median is 0.2.
    std::vector<TimedSegment> segments(1);
    segments[0] = {{word(" a", 0, 0.2), word(" b", 0.2, 0.4), word(".", 0.4, 2.4), word(" c", 2.4, 5.4),
                    word(" d", 5.4, 5.6)},
                   0,
                   5.6};
    settle_words(segments, {});
    const auto& words = segments[0].words;
    REQUIRE(words.size() == 4);
    CHECK(words[1].text == " b.");
    CHECK(words[1].end == Approx(0.4));    // a mark is joined without its time
    CHECK(words[2].start == Approx(5.0));  // 5.4 − 2 · 0.2
    segments[0] = {{word(" a", 0, 0.2), word(" b", 0.2, 0.4), word(".", 0.4, 0.5), word(" c", 0.5, 3.5),
                    word(" d", 3.5, 3.7)},
                   0,
                   3.7};
    settle_words(segments, {});
    CHECK(segments[0].words[2].start == Approx(3.1));  // 3.5 − 2 · 0.2
}

TEST_CASE("The first word after a pause is shortened, and the timestamps decide if words are far off") {
    std::vector<TimedSegment> segments(2);
    segments[0] = {{word(" a", 0, 0.2), word(" b", 0.2, 0.4), word(" c", 0.4, 0.6)}, 0, 0.6};
    segments[1] = {{word(" d", 0.6, 5.0), word(" e", 5.0, 5.2), word(" f", 5.2, 9.0)}, 4.7, 5.6};
    settle_words(segments, {});
    // Median of 0.2, 0.2, 0.2, 4.4, 0.2, 3.8: 0.2.
    CHECK(segments[1].words[0].start == Approx(4.6));  // 5.0 − 2 · 0.2
    CHECK(segments[1].words[2].end == Approx(5.6));    // the segment's end, more than 0.5 s before the word's
    CHECK(segments[1].start == Approx(4.6));
    CHECK(segments[1].end == Approx(5.6));
    CHECK(segments[0].start == 0);
    CHECK(segments[0].end == Approx(0.6));
}

TEST_CASE("Settled words are in order inside their segments, whatever went in, and keep their text") {
    std::mt19937 random(5);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const std::vector<std::string> texts = {" a", " b", ".", ",", " \"", "x", "?", " long"};
    for (int round = 0; round < 500; ++round) {
        std::vector<TimedSegment> segments(static_cast<size_t>(1 + below(4)));
        std::vector<std::string> before(segments.size());
        double at = 0;
        for (size_t s = 0; s < segments.size(); ++s) {
            segments[s].start = at + below(100) * 0.02 - 1;
            for (int w = below(6); w >= 0; --w) {
                const double end = at + (below(4) == 0 ? below(200) : below(20)) * 0.02;
                segments[s].words.push_back(word(texts[static_cast<size_t>(below(8))], at, end));
                before[s] += segments[s].words.back().text;
                at = end;
            }
            segments[s].end = at + below(100) * 0.02 - 1;
        }
        settle_words(segments, {});
        double end = 0;
        for (size_t s = 0; s < segments.size(); ++s) {
            std::string text;
            for (const Word& w : segments[s].words) {
                CHECK(w.start >= end);
                CHECK(w.end >= w.start);
                CHECK(w.start >= segments[s].start);
                CHECK(w.end <= segments[s].end);
                end = w.end;
                text += w.text;
            }
            CHECK(text == before[s]);
        }
    }
}

TEST_CASE("A window's segments get the words of their own tokens, at the file's times") {
    DecodingResult result;
    result.language = "en";
    result.tokens = {at(0), kBlank, 1, 2, kBlank, 3, at(200), at(200), kBlank, 4, at(400)};
    result.probabilities = {1, 0.5F, 0.25F, 0.75F, 1, 0.5F, 1, 1, 0.5F, 0.25F, 1};
    result.text_times = {0, 0.5, 0.6, 1.0, 1.0, 2.5, 2.5, 3.0};
    // Two seconds from second 10 of the file on, then ten from second 20 on.
    const auto window = pieces({{0, 10 * kSecond, 2 * kSecond}, {2 * kSecond, 20 * kSecond, 10 * kSecond}});
    const WindowText text = window_text(result, window, small_vocabulary(), false);
    REQUIRE(text.segments.size() == 2);
    const auto& first = text.segments[0].words;
    REQUIRE(first.size() == 2);
    CHECK(first[0].text == " bc");
    CHECK(first[0].start == Approx(10.0));
    CHECK(first[0].end == Approx(11.0));
    CHECK(first[0].probability == Approx(0.5));
    CHECK(first[1].text == " d");
    CHECK(first[1].end == Approx(12.0));  // where the pause begins that was cut out, half a second earlier
    CHECK(first[1].probability == Approx(0.75));
    CHECK(text.segments[0].end == Approx(12.0));
    REQUIRE(text.segments[1].words.size() == 1);
    CHECK(text.segments[1].words[0].text == " e");
    CHECK(text.segments[1].words[0].start == Approx(20.5));
    REQUIRE(text.segments[1].token_details.size() == 4);
    CHECK(text.segments[1].token_details[0].text == "<|2.00|>");
    CHECK(text.segments[1].token_details[2].text == "e");
    CHECK(text.segments[1].token_details[2].probability == Approx(0.25));
}

TEST_CASE("Words stay in order if windows overlap a little") {
    Segment before;
    before.start = 1;
    before.end = 3;
    before.words = {word(" a", 1, 3)};
    Segment after;
    after.start = 2.5;
    after.end = 4;
    after.words = {word(" b", 2.5, 2.75), word(" c", 2.75, 4)};
    Segment plain = after;
    plain.words.clear();
    put_after(before, after);
    CHECK(after.start == 3);
    CHECK(after.words[0].start == 3);
    CHECK(after.words[0].end == 3);
    CHECK(after.words[1].start == 3);
    CHECK(after.end == 4);
    put_after(before, plain);
    CHECK(plain.start == 2.5);  // without words the order of starts is enough
}

TEST_CASE("Japanese, Chinese and Thai words are characters, and joined they are the text", "[needs-models]") {
    const auto directory = need_model("base");
    const Model model = load_model(directory.string());
    const Vocabulary vocabulary = make_vocabulary(model.tokenizer);
    struct Case {
        std::string language, text;
        size_t words;
    };
    for (const auto& [language, text, words] :
         {Case{"ja", "今日は、鷗が😀飛ぶ。", 9}, Case{"zh", "我们去饕餮吧！", 6},
          Case{"en", " Hello, world! 😀", 3}}) {
        DecodingResult result;
        result.language = language;
        result.tokens = vocabulary.encode(text);
        for (size_t i = 0; i <= result.tokens.size(); ++i)
            result.text_times.push_back(0.1 * static_cast<double>(i));
        auto found = words_of(result, 0, result.tokens.size(), vocabulary);
        merge_punctuations(found, {});
        std::string joined;
        for (const Word& w : found) joined += w.text;
        INFO(text);
        CHECK(joined == text);
        if (language == "en") CHECK(found.size() == words);
        // Tokens may hold several characters, so there are at most as many words as characters without marks.
        if (language != "en") CHECK((found.size() > words / 2 && found.size() <= words));
    }
}
