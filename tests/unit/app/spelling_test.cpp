#include "spelling.h"

#include "catch.h"

namespace npuscribe::app {

TEST_CASE("edit distance counts insertions, deletions, replacements and swaps") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("abc", "") == 3);
    CHECK(edit_distance("kitten", "sitting") == 3);  // Levenshtein's textbook example
    CHECK(edit_distance("ca", "ac") == 1);           // one swap
    CHECK(edit_distance("ca", "abc") == 3);  // optimal string alignment, where unrestricted Damerau has 2
    CHECK(edit_distance("devcie", "device") == 1);
}

TEST_CASE("a near miss names the one that was meant, a beginning all that it may be") {
    const std::vector<std::string> known = {"--output-dir", "--output-format", "--beam-size", "--best-of",
                                            "--task"};
    CHECK(nearest("--outputdir", known) == std::vector<std::string>{"--output-dir"});
    CHECK(nearest("--bem-size", known) == std::vector<std::string>{"--beam-size"});
    CHECK(nearest("--output", known) == std::vector<std::string>{"--output-dir", "--output-format"});
    CHECK(nearest("--frobnicate", known).empty());
    CHECK(nearest("--" + std::string(1'000'000, 'x'), known).empty());  // at once, not letter by letter
}

}  // namespace npuscribe::app
