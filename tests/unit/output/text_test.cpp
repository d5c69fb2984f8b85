#include "output/text.h"

#include <limits>

#include "catch.h"

namespace npuscribe::output {

TEST_CASE("UTF-8 that is valid passes unchanged") {
    const std::string text = "a\xC2\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";  // a © € 😀 z: 1, 2, 3 and 4 bytes
    CHECK(valid_utf8(text) == text);
    CHECK(valid_utf8("") == "");
    CHECK(valid_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF") ==
          "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF");
}

TEST_CASE("bytes that are not UTF-8 become U+FFFD, one for each maximal subpart") {
    const std::string r = "\xEF\xBF\xBD";
    SECTION("the examples of Unicode 15, tables 3-8 to 3-11") {
        // Non-shortest forms
        CHECK(valid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82"
                         "A") == r + r + r + r + r + r + r + r + "A");
        // Surrogates
        CHECK(valid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF"
                         "A") == r + r + r + r + r + r + r + r + "A");
        // Other ill-formed sequences
        CHECK(valid_utf8("\xF4\x91\x92\x93\xFF"
                         "A\x80\xBF"
                         "B") == r + r + r + r + r + "A" + r + r + "B");
        // Truncated sequences
        CHECK(valid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
                         "A") == r + r + r + r + "A");
    }
    SECTION("a character cut off at the end of the text") {
        CHECK(valid_utf8("ab\xE6\x97") == "ab" + r);
        CHECK(valid_utf8("\xF0") == r);
    }
}

TEST_CASE("a line holds no line ends and no control characters") {
    CHECK(one_line("  one\r\n\ntwo\tthree \n") == "one two three");
    CHECK(one_line("a\xE2\x80\xA8"
                   "b\xE2\x80\xA9"
                   "c\xC2\x85"
                   "d") == "a b c d");  // U+2028, U+2029, U+0085
    CHECK(one_line(std::string("nul\0nul", 7)) == "nul nul");
    CHECK(one_line("two  spaces stay") == "two  spaces stay");
    CHECK(one_line(" \n ") == "");
    CHECK(one_line("cut \xE6\x97") == "cut \xEF\xBF\xBD");
}

TEST_CASE("times are rounded to the nearest millisecond") {
    CHECK(milliseconds(0) == 0);
    CHECK(milliseconds(1.2344) == 1234);
    CHECK(milliseconds(1.2346) == 1235);
    CHECK(milliseconds(59.9996) == 60000);
    CHECK(milliseconds(-0.1) == 0);
    CHECK(milliseconds(std::numeric_limits<double>::quiet_NaN()) == 0);
    CHECK(milliseconds(std::numeric_limits<double>::infinity()) > 0);
}

TEST_CASE("time stamps carry from milliseconds to hours, even to more than 99 hours") {
    CHECK(timestamp(0, ',', true) == "00:00:00,000");
    CHECK(timestamp(60000, '.', false) == "01:00.000");
    CHECK(timestamp(59999, '.', false) == "00:59.999");
    CHECK(timestamp(3599999, '.', false) == "59:59.999");
    CHECK(timestamp(3600000, '.', false) == "01:00:00.000");
    CHECK(timestamp(123 * 3600000LL + 4 * 60000 + 5 * 1000 + 6, ',', true) == "123:04:05,006");
}

}  // namespace npuscribe::output
