#include "catch.h"
#include "output/cues.h"
#include "output/formats.h"
#include "transcripts.h"

namespace npuscribe::output {

using test::segment;
using test::transcript;

TEST_CASE("SubRip: numbered cues, a comma in the times, a blank line after each") {
    const auto t =
        transcript({segment(0, 2.5, " And so my fellow Americans,"), segment(2.5, 3661.0405, " ask not.")});
    CHECK(srt(t) ==
          "1\n00:00:00,000 --> 00:00:02,500\nAnd so my fellow Americans,\n\n"
          "2\n00:00:02,500 --> 01:01:01,041\nask not.\n\n");
}

TEST_CASE("WebVTT: a header, a point in the times, hours only if there are any") {
    const auto t = transcript({segment(0, 2.5, " And so"), segment(2.5, 3661, " ask not.")});
    CHECK(vtt(t) ==
          "WEBVTT\n\n00:00.000 --> 00:02.500\nAnd so\n\n"
          "00:02.500 --> 01:01:01.000\nask not.\n\n");
}

TEST_CASE("a transcript without words is a valid file without cues") {
    const auto silent = transcript({});
    CHECK(srt(silent).empty());
    CHECK(vtt(silent) == "WEBVTT\n\n");
    const auto blank = transcript({segment(0, 1, "  "), segment(1, 2, "\n")});
    CHECK(srt(blank).empty());
    CHECK(vtt(blank) == "WEBVTT\n\n");
}

TEST_CASE("text cannot end a cue or begin another") {
    const auto t = transcript({segment(0, 1, " one\n\n2\n00:00:05,000 --> 00:00:06,000\nfalse")});
    CHECK(srt(t) == "1\n00:00:00,000 --> 00:00:01,000\none 2 00:00:05,000 -> 00:00:06,000 false\n\n");
    CHECK(vtt(t) == "WEBVTT\n\n00:00.000 --> 00:01.000\none 2 00:00:05,000 --&gt; 00:00:06,000 false\n\n");
}

TEST_CASE("no arrow is left in SubRip text, however long it was") {
    const auto t = transcript({segment(0, 1, "a ---> b ------> c -- d -> e")});
    const std::string out = srt(t);
    CHECK(out.find("-->") == out.rfind("-->"));  // the one of the time line
    CHECK(test::contains(out, "a -> b -> c -- d -> e"));
}

TEST_CASE("WebVTT escapes characters that would be markup") {
    CHECK(test::contains(vtt(transcript({segment(0, 1, "R&D <i>x</i> &amp;")})),
                         "R&amp;D &lt;i&gt;x&lt;/i&gt; &amp;amp;\n"));
}

TEST_CASE("a cue without length is shown until the next, for a second at most") {
    const auto c = cues(
        transcript({segment(1, 1, "a"), segment(1.4, 1.4, "b"), segment(1.4, 1.3, "c"), segment(9, 9, "d")}));
    REQUIRE(c.size() == 4);
    CHECK(c[0].end == 1400);
    CHECK(c[1].end == 1401);  // no room: the shortest that is valid
    CHECK(c[2].end == 2400);
    CHECK(c[3].end == 10000);
}

TEST_CASE("the cue of a segment shorter than half a millisecond has length") {
    const auto c = cues(transcript({segment(1.0001, 1.0002, "a")}));
    REQUIRE(c.size() == 1);
    CHECK(c[0].start == 1000);
    CHECK(c[0].end == 2000);
}

}  // namespace npuscribe::output
