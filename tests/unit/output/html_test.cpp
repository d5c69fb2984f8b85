#include "catch.h"
#include "output/confidence.h"
#include "output/formats.h"
#include "transcripts.h"

namespace npuscribe::output {

using test::segment;
using test::transcript;

namespace {

/// "a|b" and how sure: "a:0.9 b:?".
std::string shown(const Segment& segment) {
    std::string out;
    for (const Part& part : parts(segment)) {
        out += "[" + part.text + ":";
        out += part.probability ? std::to_string(static_cast<int>(*part.probability * 100 + 0.5)) : "?";
        out += "]";
    }
    return out;
}

}  // namespace

TEST_CASE("a segment's words are its parts, with their probabilities") {
    Segment s = segment(0, 1, " One two");
    s.words = {{0, 0.4, " One", 0.9}, {0.5, 1, " two", 0.4}};
    CHECK(shown(s) == "[ One:90][ two:40]");
}

TEST_CASE("without word times, words are made of tokens, with the probability of the least probable one") {
    Segment s = segment(0, 1, " Dashwood had");
    s.token_details = {{50364, "<|0.00|>", 0.1}, {1, " D", 0.9},    {2, "ash", 0.3},
                       {3, "wood", 0.8},         {4, " had", 0.95}, {50414, "<|1.00|>", 0.2}};
    CHECK(shown(s) == "[ Dashwood:30][ had:95]");
}

TEST_CASE("a character of several tokens has the probability of the least probable one") {
    // U+65E5 in two tokens, then U+672C and a full stop, in a script without spaces.
    Segment s = segment(0, 1, "\u65E5\u672C\u3002");
    s.token_details = {{1, "\uFFFD", 0.9}, {2, "\uFFFD", 0.4}, {3, "\u672C", 0.8}, {4, "\u3002", 0.7}};
    CHECK(shown(s) == "[\u65E5:40][\u672C:80][\u3002:70]");
    // At the end of the text, too.
    s = segment(0, 1, " a\u65E5");
    s.token_details = {{1, " a", 0.9}, {2, "\uFFFD", 0.6}, {3, "\uFFFD", 0.5}};
    CHECK(shown(s) == "[ a:90][\u65E5:50]");
}

TEST_CASE("the parts are the segment's text, whatever its tokens hold") {
    Segment s = segment(0, 1, " Something else");
    CHECK(shown(s) == "[ Something else:?]");
    s.token_details = {{1, " thing", 0.9}, {2, "", 0.5}, {3, " else", 0.4}};
    std::string joined;
    for (const Part& part : parts(s)) joined += part.text;
    CHECK(joined == s.text);
}

TEST_CASE("the page has each word with its times, and shades those below three quarters") {
    Transcript t = transcript({segment(0.5, 2, " One, two.")});
    t.segments[0].words = {{0.5, 1.25, " One,", 0.75}, {1.25, 2, " two.", 0.2}};
    t.duration = 3725;
    const std::string page = html(t, {"talk", "../talk.wav", "talk.wav"});
    CHECK(test::contains(
        page, R"(<span class="word" data-start="0.5" data-end="1.25" data-sure="75">One,</span> )"
              R"(<span class="word u3" data-start="1.25" data-end="2" data-sure="20">two.</span>)"));
    CHECK(test::contains(page, R"(<div class="segment" data-start="0.5" data-end="2">)"));
    CHECK(test::contains(page, "<h1>talk</h1>"));
    CHECK(test::contains(page, "1:02:05"));
    CHECK(test::contains(page, R"(<audio controls preload="metadata" src="../talk.wav")"));
}

TEST_CASE("a page without a recording has no player, and one without speech says so") {
    const std::string page = html(transcript({}), {"talk", "", ""});
    CHECK_FALSE(test::contains(page, "<audio"));
    CHECK(test::contains(page, "Nothing was said."));
}

TEST_CASE("no text of a transcript, a title or a name becomes markup") {
    const std::string evil = "</script></title><img src=x onerror=alert(1)>\"' {{segments}} \xFF";
    Transcript t = transcript({segment(0, 1, evil), segment(1, 2, evil), segment(2, 3, evil)});
    t.language = evil;
    t.segments[1].words = {{1, 2, evil, 0.1}};
    t.segments[2].token_details = {{1, evil, 0.1}};
    const std::string page = html(t, {evil, "x.wav", evil});
    CHECK_FALSE(test::contains(page, "<img"));
    CHECK_FALSE(test::contains(page, "\xFF"));
    const auto count = [&](const std::string& what) {
        size_t found = 0;
        for (size_t at = page.find(what); at != page.npos; at = page.find(what, at + 1)) ++found;
        return found;
    };
    CHECK(count("</script>") == 1);
    CHECK(count("</title>") == 1);
    CHECK(count("<div class=\"segment\"") == 1);  // no sentence ends
    CHECK(count("<span class=\"said\"") == 2);
}

TEST_CASE("a speaker comes before the text, and is not part of it") {
    Transcript t = transcript({segment(0, 1, " Hi"), segment(1, 2, " Ho")});
    t.segments[0].speaker = "1";
    const std::string page = html(t, {"talk", "", ""});
    CHECK(test::contains(
        page, R"(<b class="speaker">Speaker 1</b> <span class="text" dir="auto"><span class="said")"
              R"( data-start="0" data-end="1">Hi</span></span>)"));
    CHECK(test::contains(page, R"(<div><span class="text" dir="auto"><span class="said" data-start="1")"));
}

TEST_CASE("a line of the page holds whole sentences, up to a pause or another speaker") {
    Transcript t = transcript({segment(0, 2, " It was"), segment(2, 4, " the best. Of times"),
                               segment(4, 5, " it was."), segment(5, 6, " The age"), segment(9, 10, " of"),
                               segment(10, 11, " Mr."), segment(11, 12, " Quilter")});
    t.segments[6].speaker = "1";
    const std::string page = html(t, {"talk", "", ""});
    size_t lines = 0;
    for (size_t at = page.find("<div class=\"segment\""); at != page.npos;
         at = page.find("<div class=\"segment\"", at + 1))
        ++lines;
    CHECK(lines == 4);
    CHECK(test::contains(page, R"(<div class="segment" data-start="0" data-end="5">)"));
    CHECK(test::contains(
        page, R"(>It was</span> <span class="said" data-start="2" data-end="4">the best. Of times</span>)"));
    CHECK(test::contains(page, R"(<div class="segment" data-start="9" data-end="11">)"));
}

TEST_CASE("a page loads nothing but its recording") {
    const std::string page = html(transcript({segment(0, 1, " Hi")}), {"talk", "talk.wav", "talk.wav"});
    CHECK_FALSE(test::contains(page, "http:"));
    CHECK_FALSE(test::contains(page, "https:"));
    CHECK_FALSE(test::contains(page, "//cdn"));
    CHECK_FALSE(test::contains(page, "@import"));
    CHECK(test::contains(page, "default-src 'none'"));
}

}  // namespace npuscribe::output
