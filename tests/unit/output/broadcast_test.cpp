// Cues by the rules of broadcasters, on words whose times are written down here.
#include "output/broadcast.h"

#include <random>

#include "catch.h"
#include "output/spoken_words.h"
#include "output/text.h"
#include "transcripts.h"

namespace npuscribe::output {

using test::segment;
using test::transcript;

namespace {

SubtitleOptions broadcast() {
    SubtitleOptions options;
    options.broadcast = true;
    return options;
}

/// Words that follow one another from `start` on, each `each` seconds long.
Segment spoken(double start, double each, const std::string& text) {
    Segment out = segment(start, start, text);
    std::vector<Word> words = spoken_words(out);
    for (Word& word : words) {
        word.start = out.end;
        word.end = out.end += each;
    }
    out.words = std::move(words);
    return out;
}

std::vector<std::string> texts(const std::vector<Cue>& cues) {
    std::vector<std::string> out;
    for (const Cue& cue : cues) out.push_back(cue.text);
    return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a cue ends with its sentence, although the next would fit") {
    const auto cues = broadcast_cues(
        transcript({spoken(0, 0.4, " This is the first sentence of the two. And here is one more for you.")}),
        broadcast());
    REQUIRE(texts(cues) == Texts{"This is the first sentence of the two.", "And here is one more for you."});
    CHECK(cues[0].start == 0);
    CHECK(cues[0].end == 3117);  // 83 ms before the next
    CHECK(cues[1].start == 3200);
    CHECK(cues[1].end == 6000);
}

TEST_CASE("a long sentence breaks at its clauses, into lines of about the same length") {
    const auto cues = broadcast_cues(
        transcript({spoken(0, 0.35,
                           " When the long winter had passed over the hills at last, the shepherds led their "
                           "flocks out of the valley, and nobody looked back.")}),
        broadcast());
    CHECK(texts(cues) == Texts{"When the long winter had passed\nover the hills at last,",
                               "the shepherds led their flocks\nout of the valley, and nobody looked back."});
}

TEST_CASE("no cue runs through a pause of more than a second, and a shorter one does no harm") {
    Segment one = spoken(0, 0.5, " You might");
    const Segment two = spoken(2.01, 0.5, " have seen it.");
    one.text += two.text;
    one.words.insert(one.words.end(), two.words.begin(), two.words.end());
    CHECK(texts(broadcast_cues(transcript({one}), broadcast())) == Texts{"You might", "have seen it."});
    for (size_t i = 2; i < one.words.size(); ++i) {
        one.words[i].start -= 0.1;
        one.words[i].end -= 0.1;
    }
    CHECK(texts(broadcast_cues(transcript({one}), broadcast())) == Texts{"You might have seen it."});
}

TEST_CASE("a cue that is too short, or too fast to read, stays on into silence") {
    const auto cues =
        broadcast_cues(transcript({spoken(1, 0.1, " Yes."),
                                   spoken(5, 0.05, " This was said much too fast to be read by anybody."),
                                   spoken(9, 0.2, " No."), spoken(10.5, 0.2, " Well.")}),
                       broadcast());
    REQUIRE(cues.size() == 4);
    CHECK(cues[0].end == 1834);
    CHECK(cues[1].end == 5000 + 50 * 50);  // 50 characters, 20 a second
    CHECK(cues[2].end == 9834);
    CHECK(cues[3].end == 11334);
}

TEST_CASE("two speakers never share a cue, and their cues do not overlap") {
    Segment left = spoken(0, 0.4, " I think that we should go home.");
    left.speaker = "0";
    Segment right = spoken(2.0, 0.4, " So do I.");
    right.speaker = "1";
    const auto cues = broadcast_cues(transcript({left, right}), broadcast());
    REQUIRE(cues.size() == 2);
    CHECK(cues[0].speaker == "0");
    CHECK(cues[0].end == 1917);
    CHECK(cues[1].start == 2000);
    CHECK(cues[1].speaker == "1");
}

TEST_CASE("if two speak at once, each is shown for the least duration at least") {
    std::vector<Segment> segments;
    for (int i = 0; i < 4; ++i) {
        Segment& one = segments.emplace_back(spoken(i * 0.3, 0.5, " One of the two."));
        one.speaker = i % 2 == 0 ? "0" : "1";
    }
    const auto cues = broadcast_cues(transcript(segments), broadcast());
    REQUIRE(cues.size() == 4);
    CHECK(cues[0].start == 0);
    for (size_t i = 0; i < cues.size(); ++i) {
        CHECK(cues[i].end - cues[i].start >= 834);
        if (i > 0) CHECK(cues[i].start == cues[i - 1].end + 83);
    }
}

TEST_CASE("a speaker's name is part of the first line, and wide characters count twice") {
    Segment left = spoken(0, 0.5, " A line that has just about forty characters");
    left.speaker = "0";
    CHECK(texts(broadcast_cues(transcript({left}), broadcast())) ==
          Texts{"A line that has just\nabout forty characters"});
    Segment wide = segment(0, 12, "");
    for (int i = 0; i < 60; ++i) wide.words.push_back({i * 0.2, i * 0.2 + 0.2, "語", 1});
    for (const Cue& cue : broadcast_cues(transcript({wide}), broadcast()))
        CHECK(columns(cue.text.substr(0, cue.text.find('\n'))) <= 42);
}

TEST_CASE("whatever is said, the rules that always hold do, and no word is lost") {
    std::mt19937 random(11);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const Texts pieces = {" a",
                          " Grüße,",
                          "日本",
                          "、",
                          " x.",
                          " \xF0\x9F\x98\x80",
                          " long-winded?",
                          " \n",
                          " Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"};
    for (int round = 0; round < 300; ++round) {
        std::vector<Segment> segments;
        std::string all;
        double at = 0;
        for (int s = below(5); s >= 0; --s) {
            Segment& out = segments.emplace_back(segment(at, at, ""));
            out.speaker = below(3) == 0 ? "1" : "";
            for (int w = below(40); w >= 0; --w) {
                const double start = at + (below(12) == 0 ? below(30) * 0.1 : 0);
                at = start + below(20) * (below(40) == 0 ? 0.5 : 0.03);
                out.words.push_back({start, at, pieces[static_cast<size_t>(below(9))], 1});
                out.text += out.words.back().text;
            }
            out.end = at;
            all += out.text;
        }
        SubtitleOptions options = broadcast();
        if (below(2) == 0) options.max_line_width = 20 + below(30);
        if (below(2) == 0) options.max_line_count = 1 + below(3);
        const auto width = static_cast<size_t>(options.max_line_width.value_or(42));
        const auto count = static_cast<size_t>(options.max_line_count.value_or(2));
        std::string shown;
        int64_t last = -1000;
        for (const Cue& cue : broadcast_cues(transcript(segments), options)) {
            CHECK(cue.start >= last + 83);
            CHECK(cue.end > cue.start);
            CHECK(cue.end - cue.start <= 7000);
            last = cue.end;
            shown += cue.text;
            size_t lines = 0;
            for (size_t from = 0; from != std::string::npos; ++lines) {
                const size_t to = cue.text.find('\n', from);
                const std::string name = cue.speaker.empty() || lines > 0 ? "" : "(speaker 1) ";
                CHECK(columns(name + cue.text.substr(from, to - from)) <= width);
                from = to == std::string::npos ? to : to + 1;
            }
            CHECK(lines <= count);
        }
        const auto bare = [](std::string text) {
            std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
            return text;
        };
        CHECK(bare(shown) == bare(all));
    }
}

TEST_CASE("sentences end with their marks, but not after titles or before a small letter") {
    CHECK(ends_sentence(" end.", " The"));
    CHECK(ends_sentence(" end.\"", ""));
    CHECK(ends_sentence("か。", "今"));
    CHECK(ends_sentence(" what?!", " and"));
    CHECK_FALSE(ends_sentence(" Mr.", " Quilter"));
    CHECK_FALSE(ends_sentence(" 3.", " may"));
    CHECK_FALSE(ends_sentence(" end,", " The"));
    CHECK(ends_clause(" end,"));
    CHECK_FALSE(ends_clause(" end"));
}

}  // namespace npuscribe::output
