#include "base/fold.h"

#include "base/clock.h"
#include "catch.h"

using namespace npuscribe;

TEST_CASE("fold takes away case and accents, in any script") {
    CHECK(fold("Español") == "espanol");
    CHECK(fold("ESPAN\u0303OL") == "espanol");  // N with a combining tilde
    CHECK(fold("ΕΛΛΗΝΙΚΆ") == fold("ελληνικα"));
    CHECK(fold("РУССКИЙ") == fold("русский"));
    CHECK(fold("Tiếng Việt") == "tieng viet");
    CHECK(fold("Türkçe") == "turkce");
}

TEST_CASE("fold turns letters that do not decompose into those that people type, and drops apostrophes") {
    CHECK(fold("føroyskt") == "foroyskt");
    CHECK(fold("Azərbaycan") == "azerbaycan");
    CHECK(fold("ʻŌlelo Hawaiʻi") == "olelo hawaii");
    CHECK(fold("  German ") == "german");
}

TEST_CASE("fold gives nothing for what is not UTF-8") {
    CHECK(fold("\xFF").empty());
    CHECK(fold("").empty());
}

TEST_CASE("a clock has hours only when there are hours") {
    CHECK(clock_text(7.9) == "0:07");
    CHECK(clock_text(754) == "12:34");
    CHECK(clock_text(3723) == "1:02:03");
    CHECK(clock_text(-1) == "0:00");
}
