#include "corpus/record.h"

#include <nlohmann/json.hpp>

#include "catch.h"

namespace npuscribe::corpus {
namespace {

Record example() {
    Record record;
    record.audio = "/data/talk.wav";
    record.offset = 1.5;
    record.duration = 2.25;
    record.text = "Hello, world";
    record.language = "en";
    record.model = "base";
    record.options = "0123456789abcdef";
    record.seconds = 0.5;
    record.wall_seconds = 0.1 + 0.2;
    record.fields = R"({"speaker": "x", "status": "theirs", "tags": [1, 2]})";
    return record;
}

}  // namespace

TEST_CASE("a line has NeMo's names, ours, and the entry's other fields") {
    const std::string line = to_line(example());
    CHECK(line.ends_with("}\n"));
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(line ==
          R"({"audio_filepath":"/data/talk.wav","offset":1.5,"duration":2.25,"text":"Hello, world",)"
          R"("language":"en","model":"base","options":"0123456789abcdef","seconds":0.5,"wall_seconds":0.3,)"
          R"("status":"done","error":"","speaker":"x","tags":[1,2]})"
          "\n");
}

TEST_CASE("a reference comes with the word errors against it") {
    Record record = example();
    record.reference = "hello word";
    record.errors = word_errors(*record.reference, record.text);
    const auto object = nlohmann::json::parse(to_line(record));
    CHECK(object["reference"] == "hello word");
    CHECK(object["reference_words"] == 2);
    CHECK(object["word_errors"] == 1);
}

TEST_CASE("a line is read again as it was written") {
    for (const Outcome outcome : {Outcome::done, Outcome::incomplete, Outcome::failed}) {
        Record record = example();
        record.outcome = outcome;
        record.error = "why";
        record.reference = "hello word";
        record.errors = WordErrors{2, 1};
        const auto again = parse_record(to_line(record));
        REQUIRE(again);
        CHECK(again->key() == record.key());
        CHECK(again->duration == record.duration);
        CHECK(again->text == record.text);
        CHECK(again->outcome == outcome);
        CHECK(again->error == "why");
        CHECK(again->reference == record.reference);
        CHECK(again->errors->errors == 1);
    }
}

TEST_CASE("half a line is no record, wherever it was cut") {
    const std::string line = to_line(example());
    for (size_t length = 0; length + 1 < line.size(); ++length) {
        INFO(length);
        CHECK_FALSE(parse_record(line.substr(0, length)));
    }
    CHECK_FALSE(parse_record("{}"));
    CHECK_FALSE(parse_record("not JSON"));
}

TEST_CASE("a line with numbers that cannot be is no record") {
    Record given;
    given.audio = "/a.wav";
    given.errors = WordErrors{2, 1};
    const std::string line = to_line(given);
    CHECK(parse_record(line));
    for (const auto& [right, wrong] : {std::pair("\"reference_words\":2", "\"reference_words\":-1"),
                                       std::pair("\"word_errors\":1", "\"word_errors\":1e300"),
                                       std::pair("\"duration\":0.0", "\"duration\":-5"),
                                       std::pair("\"offset\":0.0", "\"offset\":1e300")}) {
        std::string changed = line;
        REQUIRE(test::contains(line, right));
        changed.replace(changed.find(right), std::string(right).size(), wrong);
        CHECK_FALSE(parse_record(changed));
    }
}

TEST_CASE("bytes that are not UTF-8 do not make the line invalid, and its key stays the entry's") {
    Record record = example();
    record.audio = "/data/caf\xe9.wav";
    const std::string line = to_line(record);
    CHECK(test::contains(line, "/data/caf\xEF\xBF\xBD.wav"));
    CHECK(parse_record(line)->key() == record.key());
}

}  // namespace npuscribe::corpus
