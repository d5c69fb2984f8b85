// Words that are put right, and the paragraphs of text that people edit.
#include "output/replacements.h"

#include "base/error.h"
#include "catch.h"
#include "output/formats.h"
#include "output/paragraphs.h"
#include "transcripts.h"

namespace npuscribe::output {

using test::segment;
using test::transcript;

namespace {

std::string replaced(const std::string& rules, const std::string& text, size_t expected = 1) {
    Segment s = segment(0, 1, text);
    CHECK(Replacements(rules, "rules").apply(s) == expected);
    return s.text;
}

std::string refused(const std::string& rules) {
    return test::message_of<UsageError>([&] { Replacements(rules, "rules.txt"); });
}

}  // namespace

TEST_CASE("whole words are replaced, whatever is around them") {
    const std::string rules = "cooper netties → Kubernetes";
    CHECK(replaced(rules, " I use cooper netties, too.") == " I use Kubernetes, too.");
    CHECK(replaced(rules, " (Cooper  Netties)") == " (Kubernetes)");
    CHECK(replaced(rules, " scooper netties", 0) == " scooper netties");
    CHECK(replaced(rules, " cooper nettiest", 0) == " cooper nettiest");
    CHECK(replaced("it -> IT", " it's it", 1) == " it's IT");
    CHECK(replaced("a b → c\na → d", " a b a", 2) == " c d");  // the longest first, and each place once
    CHECK(replaced("x → x x", " x x", 2) == " x x x x");
    CHECK(replaced("東京 → 京都", "今日は東京です") == "今日は京都です");
    CHECK(replaced("größe → Maß", " GRÖSSE größe Größe", 2) == " GRÖSSE Maß Maß");
}

TEST_CASE("case is kept: a capital that the text has and the rule lacks goes to the new word") {
    const std::string rules = "colour → color\nÉcole → école\niphone → iPhone";
    CHECK(replaced(rules, " colour Colour COLOUR", 3) == " color Color COLOR");
    CHECK(replaced(rules, " École") == " école");
    CHECK(replaced(rules, " my iphone") == " my iPhone");
    CHECK(replaced("über → unter", " Über über", 2) == " Unter unter");
}

TEST_CASE("new words share the time of those that they replace") {
    Segment s = segment(0, 4, " So cooper netties, yes.");
    s.words = {{0, 1, " So", 1}, {1, 2, " cooper", 0.5}, {2, 3, " netties,", 0.7}, {3, 4, " yes.", 1}};
    CHECK(Replacements("cooper netties → Kubernetes\nyes → oh yes", "r").apply(s) == 2);
    CHECK(s.text == " So Kubernetes, oh yes.");
    REQUIRE(s.words.size() == 4);
    CHECK(s.words[1].text == " Kubernetes,");
    CHECK(s.words[1].start == 1);
    CHECK(s.words[1].end == 3);
    CHECK(s.words[1].probability == Approx(0.6));
    CHECK(s.words[2].text == " oh");
    CHECK(s.words[2].start == 3);
    CHECK(s.words[2].end == Approx(3 + 3.0 / 8));
    CHECK(s.words[3].text == " yes.");
    CHECK(s.words[3].end == 4);
}

TEST_CASE("a file of replacements that cannot be read says where and how") {
    CHECK(Replacements("# names\n\n a → b \r\n", "r").empty() == false);
    CHECK(Replacements("", "r").empty());
    CHECK(test::contains(refused("a → b\nno arrow"), "rules.txt, line 2: 'no arrow' has no arrow; write"));
    CHECK(test::contains(refused("→ b"), "nothing before"));
    CHECK(test::contains(refused("a →"), "nothing after"));
    CHECK(test::contains(refused("a → \xFF"), "UTF-8"));
}

TEST_CASE("a paragraph begins at a pause of more than 2 s, and after 120 words with a sentence") {
    const auto found =
        paragraphs(transcript({segment(0, 2, " One."), segment(4, 5, " Two."), segment(7.5, 8, " Three.")}));
    REQUIRE(found.size() == 2);
    CHECK(found[0].text == "One. Two.");
    CHECK(found[1].text == "Three.");
    CHECK(found[1].start == 7.5);

    std::string text;
    for (int i = 0; i < 119; ++i) text += " word";
    const auto parts = paragraphs(
        transcript({segment(0, 60, text + " two, three. Next one. And"), segment(60, 61, " so on.")}));
    REQUIRE(parts.size() == 2);
    CHECK(parts[0].text.ends_with("two, three."));
    CHECK(parts[1].text == "Next one. And so on.");
    CHECK(parts[1].start > 55);
    CHECK(parts[1].start < 60);
}

TEST_CASE("Markdown has a time and a speaker for each paragraph, and no markup of its own") {
    Segment one = segment(61, 62, " *Stars* and a_b [x] & &amp; 1 < 2.");
    Segment two = segment(3700, 3701, " Hi.");
    two.speaker = "1";
    CHECK(md(transcript({one, two})) ==
          "**01:01** \\*Stars\\* and a\\_b \\[x\\] & \\&amp; 1 \\< 2.\n\n**01:01:40 speaker 1** Hi.\n");
    CHECK(txt_paragraphs(transcript({one, two})).ends_with("< 2.\n\n(speaker 1) Hi.\n"));
    CHECK(md(transcript({})).empty());
}

TEST_CASE("all formats are those that all has always written") {
    std::string names;
    for (const Format& format : parse_formats("all")) names += std::string(format.name) + " ";
    CHECK(names == "txt srt vtt tsv csv lrc json json-full html ");
    CHECK(parse_formats("md,all").size() == 10);
}

}  // namespace npuscribe::output
