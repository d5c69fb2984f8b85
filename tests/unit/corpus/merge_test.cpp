#include "corpus/merge.h"

#include <nlohmann/json.hpp>

#include "catch.h"

namespace npuscribe::corpus {
namespace {

std::string line(const std::string& audio, Outcome outcome, const std::string& text = "hello",
                 const std::string& error = "") {
    Record record;
    record.audio = audio;
    record.outcome = outcome;
    record.text = text;
    record.error = error;
    record.model = "base";
    record.options = "abc";
    record.duration = outcome == Outcome::failed ? 0 : 60;
    record.seconds = 4;
    record.wall_seconds = 6;
    return to_line(record);
}

std::string corpus(const Merge& merge) {
    std::string out;
    merge.write_corpus([&](std::string_view text) { out += text; });
    return out;
}

std::vector<Entry> expected(const std::string& manifest) {
    return read_manifest(manifest, "/", "archive.jsonl");
}

}  // namespace

TEST_CASE("parts are put together in the order of the list, with what is missing") {
    const auto list = expected(R"({"audio_filepath": "c.wav"}
{"audio_filepath": "a.wav"}
{"audio_filepath": "b.wav", "id": 1}
{"audio_filepath": "d.wav"})");
    const std::string first = line("/a.wav", Outcome::done) + line("/x.wav", Outcome::done);
    const std::string second = line("/c.wav", Outcome::incomplete, "half", "it breaks off at 1.5 s") +
                               line("/d.wav", Outcome::failed, "", "there is no such file");
    Merge merge;
    merge.expect(list, true);
    merge.add(first);
    merge.add(second);
    CHECK(corpus(merge) == line("/c.wav", Outcome::incomplete, "half", "it breaks off at 1.5 s") +
                               line("/a.wav", Outcome::done) + line("/x.wav", Outcome::done));
    CHECK(merge.missing_list() ==
          "{\"audio_filepath\":\"/b.wav\",\"id\":1}\n{\"audio_filepath\":\"/d.wav\"}\n");
    const Totals totals = merge.totals();
    CHECK(totals.expected == 4);
    CHECK(totals.done == 2);
    CHECK(totals.incomplete == 1);
    CHECK(totals.failed == 1);
    CHECK(totals.missing == 1);
    CHECK(totals.unexpected == 1);
    CHECK(totals.audio_seconds == 180);
    CHECK(totals.wall_seconds == 24);
    CHECK(totals.realtime_factor() == 7.5);
    CHECK_FALSE(totals.complete());
    CHECK(test::contains(totals_text(totals),
                         "2 done, 1 incomplete, 1 failed, 1 missing of 4 expected, 1 not expected"));
}

TEST_CASE("of several lines about a recording, the last success counts") {
    const std::string part =
        line("/a.wav", Outcome::failed, "", "first") + line("/a.wav", Outcome::done, "one") +
        line("/a.wav", Outcome::failed, "", "later") + line("/a.wav", Outcome::done, "two") +
        line("/a.wav", Outcome::incomplete, "three");
    Merge merge;
    merge.add(part);
    CHECK(corpus(merge) == line("/a.wav", Outcome::done, "two"));
    CHECK(merge.totals().done == 1);
    CHECK(merge.totals().duplicates == 2);
    CHECK(merge.totals().failed == 0);
    CHECK(merge.missing_list().empty());
}

TEST_CASE("lines that a killed run left half written are counted and left out") {
    const std::string whole = line("/a.wav", Outcome::done);
    const std::string part = "{\"audio_filepath\": \"/b\n" + whole + whole.substr(0, whole.size() - 1);
    Merge merge;
    merge.add(part);
    CHECK(corpus(merge) == whole);
    CHECK(merge.totals().broken_lines == 2);
    CHECK(merge.totals().duplicates == 0);
}

TEST_CASE("a list of names gives a list of names") {
    Entry a;
    a.audio = "rec/a.wav";
    Merge merge;
    merge.expect({a}, false);
    CHECK(merge.missing_list() == "rec/a.wav\n");
    CHECK(corpus(merge).empty());
    Entry b;
    b.audio = "rec/two\nlines.wav";
    Merge with_line_ends;
    with_line_ends.expect({a, b}, false);
    CHECK(with_line_ends.missing_list() == std::string("rec/a.wav\0rec/two\nlines.wav\0", 28));
}

TEST_CASE("a directory of the list stands for the recordings in it that have lines") {
    Entry directory, other;
    directory.audio = "/rec/";
    other.audio = "/other.wav";
    Merge merge;
    merge.expect({directory, other}, false);
    CHECK(merge.totals().missing == 2);
    const std::string inside = line("/rec/a.wav", Outcome::done) + line("/rec/day/b.wav", Outcome::done);
    const std::string unlisted = line("/other.wav", Outcome::done);
    const std::string last = line("/rec/c.wav", Outcome::failed) + line("/elsewhere.wav", Outcome::done);
    merge.add(unlisted);
    merge.add(inside);
    merge.add(last);
    const Totals totals = merge.totals();
    CHECK(totals.expected == 4);
    CHECK(totals.done == 4);
    CHECK(totals.missing == 0);
    CHECK(totals.unexpected == 1);
    CHECK(merge.missing_list() == "/rec/c.wav\n");
    CHECK(corpus(merge).starts_with(line("/rec/a.wav", Outcome::done)));
}

TEST_CASE("the list's references give the word error rate, if the parts have none") {
    const auto list = expected(R"({"audio_filepath": "a.wav", "text": "hello word"}
{"audio_filepath": "b.wav", "text": "not heard"})");
    const std::string part =
        line("/a.wav", Outcome::done, "Hello, world.") + line("/b.wav", Outcome::failed, "");
    Merge merge;
    merge.expect(list, true);
    merge.add(part);
    CHECK(merge.totals().with_reference == 1);
    CHECK(merge.totals().errors.rate() == 0.5);
    CHECK(test::contains(totals_text(merge.totals()), "word error rate 50.00 %"));
}

TEST_CASE("a corpus of different models or options comes with a warning") {
    Record other;
    other.audio = "/b.wav";
    other.model = "tiny.en";
    other.options = "abc";
    const std::string part = line("/a.wav", Outcome::done) + to_line(other);
    Merge merge;
    merge.add(part);
    CHECK(test::contains(totals_text(merge.totals()),
                         "different models or options: base, abc (1); tiny.en, abc (1)"));
}

TEST_CASE("the JSON has the totals, and each recording that is not done with its reason") {
    const std::string part = line("/a.wav", Outcome::done) + line("/b.wav", Outcome::failed, "", "no audio");
    Merge merge;
    merge.add(part);
    const auto document = nlohmann::json::parse(merge_json(merge));
    CHECK(document["totals"]["done"] == 1);
    CHECK(document["totals"]["realtime_factor"] == 5);
    CHECK(document["totals"]["word_error_rate"].is_null());
    REQUIRE(document["problems"].size() == 1);
    CHECK(document["problems"][0]["error"] == "no audio");
}

TEST_CASE("the page shows realtime factors, and failures by reason without names and numbers") {
    std::string part = line("/a.wav", Outcome::done);
    part += line("/d/b.wav", Outcome::failed, "", "/d/b.wav: breaks off at 10.99 s");
    part += line("/d/c.wav", Outcome::failed, "", "/d/c.wav: breaks off at 3 s");
    part += line("/d/<x>.wav", Outcome::failed, "", "it is empty");
    Merge merge;
    merge.add(part);
    const std::string page = merge_html(merge);
    CHECK(test::contains(page, "Recordings by realtime factor"));
    CHECK(test::contains(page, "breaks off at N s"));
    CHECK(test::contains(page, "/d/&lt;x&gt;.wav"));
    CHECK_FALSE(test::contains(page, "<x>"));
}

}  // namespace npuscribe::corpus
