// Subtitles shaped by words, beside what openai-whisper's own writers make of the same transcript
// (tests/data/make_subtitles.py).

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "catch.h"
#include "data_paths.h"
#include "output/cues.h"
#include "output/formats.h"
#include "output/text.h"
#include "transcripts.h"

namespace npuscribe::output {

using test::segment;
using test::transcript;

namespace {

nlohmann::json golden() {
    std::ifstream file(test::test_data("subtitles.json"));
    return nlohmann::json::parse(file);
}

Transcript transcript_of(const nlohmann::json& json) {
    std::vector<Segment> segments;
    for (const auto& s : json.at("segments")) {
        Segment& out = segments.emplace_back(segment(s.at("start"), s.at("end"), s.at("text")));
        for (const auto& w : s.at("words"))
            out.words.push_back({w.at("start"), w.at("end"), w.at("word"), w.at("probability")});
    }
    return transcript(std::move(segments));
}

SubtitleOptions options_of(const nlohmann::json& json) {
    const auto number = [&](const char* name) -> std::optional<int> {
        if (!json.contains(name)) return std::nullopt;
        return json.at(name).get<int>();
    };
    return {json.value("highlight_words", false), number("max_line_width"), number("max_line_count"),
            number("max_words_per_line")};
}

std::string without(std::string text, std::string_view part) {
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part))
        text.erase(at, part.size());
    return text;
}

}  // namespace

TEST_CASE("lines, counts and highlights are openai-whisper's") {
    const auto json = golden();
    const Transcript t = transcript_of(json);
    for (const auto& expected : json.at("cases")) {
        INFO(expected.at("options").dump());
        const SubtitleOptions options = options_of(expected.at("options"));
        CHECK(srt(t, options) == expected.at("srt").get<std::string>());
        CHECK(vtt(t, options) == expected.at("vtt").get<std::string>());
    }
}

TEST_CASE("whatever the options, no word is lost, cut or moved, and no line is too wide for two words") {
    std::mt19937 random(3);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const std::vector<std::string> pieces = {" a",  " Grüße",           " 日本語",      "、",
                                             " x,", "\xF0\x9F\x98\x80", " long-winded", " \n"};
    for (int round = 0; round < 300; ++round) {
        std::vector<Segment> segments;
        double at = 0;
        for (int s = below(4); s >= 0; --s) {
            Segment& out = segments.emplace_back(segment(at, at, ""));
            for (int w = below(12); w >= 0; --w) {
                const double start = at + below(3) * 0.2 + (below(20) == 0 ? 5 : 0);
                at = start + below(4) * 0.1;
                out.words.push_back({start, at, pieces[static_cast<size_t>(below(8))], 1});
                out.text += out.words.back().text;
            }
            out.end = at;
        }
        SubtitleOptions options;
        if (below(2) == 0) options.max_line_width = 1 + below(20);
        if (below(2) == 0) options.max_line_count = 1 + below(3);
        if (below(2) == 0) options.max_words_per_line = 1 + below(4);
        const Transcript t = transcript(segments);
        std::string all;
        std::string spoken;
        for (const Segment& s : segments) spoken += flat(s.text);
        for (const Subtitle& subtitle : subtitles(t, options)) {
            std::string text;
            for (const Word& word : subtitle) text += word.text;
            all += text;
            CHECK(valid_utf8(text) == text);
            size_t words_in_line = 0;
            size_t width = 0;
            for (const Word& word : subtitle) {
                if (word.text.starts_with('\n')) words_in_line = width = 0;
                width += characters(word.text) - (word.text.starts_with('\n') ? 1 : 0);
                words_in_line +=
                    one_line(word.text).empty() ? 0 : 1;  // a blank one at a line's start is nothing
                if (options.max_line_width && words_in_line > 1)
                    CHECK(width <= static_cast<size_t>(*options.max_line_width));
            }
        }
        CHECK(without(without(all, "\n"), " ") == without(spoken, " "));
        options.highlight_words = true;
        for (const Cue& cue : cues(t, options)) CHECK(cue.end > cue.start);
    }
}

TEST_CASE("the underlined part is escaped, and so is the rest") {
    Transcript t = transcript({segment(0, 2, " <a> & b")});
    t.segments[0].words = {{0, 1, " <a>", 1}, {1, 2, " &", 1}, {2, 3, " b", 1}};
    SubtitleOptions options;
    options.highlight_words = true;
    CHECK(test::contains(vtt(t, options), "<u>&lt;a&gt;</u> &amp; b\n"));
    CHECK(test::contains(vtt(t, options), "&lt;a&gt; <u>&amp;</u> b\n"));
}

TEST_CASE("a segment without words is shown whole") {
    SubtitleOptions options;
    options.max_words_per_line = 1;
    CHECK(srt(transcript({segment(0, 2, " Two words.")}), options) ==
          "1\n00:00:00,000 --> 00:00:02,000\nTwo words.\n\n");
}

TEST_CASE("csv has milliseconds, and text in quotes as RFC 4180 says") {
    CHECK(csv(transcript({segment(0, 1.5, " He said \"no\", twice."), segment(1.5, 2, "a\nb")})) ==
          "start,end,text\n0,1500,\"He said \"\"no\"\", twice.\"\n1500,2000,\"a b\"\n");
}

TEST_CASE("lrc has minutes, seconds and hundredths, and no hours") {
    CHECK(lrc(transcript({segment(1.239, 3, " One"), segment(3, 4, "  "), segment(3725.5, 3726, " Two")})) ==
          "[by:npuscribe]\n[00:01.23]One\n[62:05.50]Two\n");
}

TEST_CASE("json-full is json with every token's text and probability") {
    Transcript t = transcript({segment(0, 1, " Hi")});
    t.segments[0].tokens = {50364, 2421};
    t.segments[0].token_details = {{50364, "<|0.00|>", 0.5}, {2421, " Hi", 0.25}};
    const auto plain = nlohmann::json::parse(json(t));
    auto full = nlohmann::json::parse(json_full(t));
    CHECK(full["segments"][0]["token_details"] ==
          nlohmann::json::parse(R"([{"id":50364,"text":"<|0.00|>","probability":0.5},
                                    {"id":2421,"text":" Hi","probability":0.25}])"));
    full["segments"][0].erase("token_details");
    CHECK(full == plain);
}

}  // namespace npuscribe::output
