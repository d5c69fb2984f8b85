#include "terminal_text.h"

#include "catch.h"

namespace npuscribe::app {

// Widths: Unicode's East Asian Width (UAX #11), and 0 for combining marks.
TEST_CASE("wide characters take two columns, combining marks none") {
    CHECK(columns_of("talk.wav") == 8);
    CHECK(columns_of("Gespräch.wav") == 12);
    CHECK(columns_of("会議.wav") == 8);
    CHECK(columns_of("e\xCC\x81t\xC3\xA9") == 3);  // é in two code points, and in one
    CHECK(columns_of("caf\xE9") == 4);
    CHECK(columns_of("") == 0);
}

TEST_CASE("text is cut between characters") {
    CHECK(cut("会議の録音", 5) == "会議");
    CHECK(cut("abc", 5) == "abc");
    CHECK(cut("äöü", 2) == "äö");
}

TEST_CASE("a long name loses its middle") {
    CHECK(shorten("interview-2024-05-01-part-12.wav", 14) == "intervi…12.wav");
    CHECK(shorten("short.wav", 9) == "short.wav");
    CHECK(shorten("会議の録音その一.wav", 11) == "会議の….wav");
    CHECK(columns_of(shorten("会議の録音その一.wav", 12)) <= 12);
    CHECK(shorten("anything", 1) == "…");
    CHECK(shorten("anything", 0) == "");
}

TEST_CASE("what a terminal would obey is not shown") {
    CHECK(printable("a\x1B[2Jb\nc\t\x7F") == "a?[2Jb?c??");
    CHECK(printable("\xC2\x9B") == "?");        // U+009B: CSI in one character
    CHECK(printable("a\x9B[2Jb") == "a?[2Jb");  // the same as a byte, for terminals without UTF-8
    CHECK(printable("naïve caf\xE9 会議") == "naïve caf\xE9 会議");
    CHECK(printable("talk\xE2\x80\xAEgpj.wav") == "talk?gpj.wav");  // U+202E: what follows runs backwards
    CHECK(printable("\xE2\x81\xA6x\xE2\x81\xA9\xE2\x80\xA8") == "?x??");
    CHECK(printable_lines("one\x1B\n\ntwo\n") == "one?\n\ntwo\n");
    CHECK(printable_lines("") == "");
}

}  // namespace npuscribe::app
