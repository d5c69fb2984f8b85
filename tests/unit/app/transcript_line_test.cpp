#include "transcript_line.h"

#include "catch.h"

using namespace npuscribe;
using namespace npuscribe::app;

namespace {

Segment segment() {
    Segment out;
    out.start = 0;
    out.end = 4.6;
    out.text = " Good maybe bad worse";
    out.words = {{0, 1, " Good", 0.75}, {1, 2, " maybe", 0.74}, {2, 3, " bad", 0.3}, {3, 4.6, " worse", 0.1}};
    return out;
}

}  // namespace

TEST_CASE("times stand before the text as openai-whisper prints them") {
    CHECK(transcript_line(segment(), {}) == "Good maybe bad worse");
    CHECK(transcript_line(segment(), {true, false}) == "[00:00.000 --> 00:04.600]  Good maybe bad worse");
    Segment late = segment();
    late.start = 3599.5;
    late.end = 3601.25;
    late.speaker = "1";
    CHECK(transcript_line(late, {true, false}) ==
          "[59:59.500 --> 01:00:01.250]  (speaker 1) Good maybe bad worse");
}

TEST_CASE("words are the redder the less sure the model was, and spaces are not coloured") {
    CHECK(transcript_line(segment(), {false, true}) ==
          "Good \x1B[33mmaybe\x1B[0m \x1B[31mbad\x1B[0m \x1B[1;31mworse\x1B[0m");
    Segment tokens = segment();  // without word times, tokens have the probabilities
    tokens.text = " Hello there";
    tokens.words.clear();
    tokens.token_details = {{1, " Hel", 0.9}, {2, "lo", 0.2}, {3, " there", 0.99}};
    CHECK(transcript_line(tokens, {true, true}) == "[00:00.000 --> 00:04.600]  \x1B[1;31mHello\x1B[0m there");
}

TEST_CASE("a segment without text has no line") {
    Segment empty = segment();
    empty.text = "  ";
    empty.words.clear();
    CHECK(transcript_line(empty, {true, true}).empty());
}
