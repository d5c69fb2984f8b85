#include "base/text.h"

#include "catch.h"

using namespace npuscribe;

TEST_CASE("strip takes ASCII white space from both ends and leaves the inside") {
    CHECK(strip("  a b\n") == "a b");
    CHECK(strip(" \t\r\n\f\v") == "");
    CHECK(strip("") == "");
    CHECK(strip("\xC2\xA0x") == "\xC2\xA0x");  // a no-break space is not ASCII
}

TEST_CASE("to_lower changes ASCII letters and nothing else") {
    CHECK(to_lower("Grün [ABCXYZ]@`{") == "grün [abcxyz]@`{");
}

TEST_CASE("split gives the parts between separators, and none after a separator at the end") {
    using Parts = std::vector<std::string_view>;
    CHECK(split("", ',') == Parts{});
    CHECK(split("srt", ',') == Parts{"srt"});
    CHECK(split("a,,b,", ',') == Parts{"a", "", "b"});
    CHECK(split(",", ',') == Parts{""});
}

TEST_CASE("list_words puts commas between words, and a conjunction before the last") {
    using Words = std::vector<std::string_view>;
    CHECK(list_words(Words{}) == "");
    CHECK(list_words(Words{"a"}) == "a");
    CHECK(list_words(Words{"a", "b"}) == "a or b");
    CHECK(list_words(Words{"a", "b", "c"}, "and") == "a, b and c");
}
