#include "corpus/entry.h"

#include "base/error.h"
#include "catch.h"
#include "corpus/record.h"

namespace npuscribe::corpus {

TEST_CASE("a manifest's entries have NeMo's fields, and carry all others") {
    const auto entries = read_manifest(
        "{\"audio_filepath\": \"a/talk.wav\", \"offset\": 12.5, \"duration\": 3, \"text\": \"hello\", "
        "\"speaker\": \"x\", \"tags\": [1, 2]}\n"
        "\r\n"
        "{\"audio_filepath\": \"/data/b.wav\"}",
        "lists", "archive.jsonl");
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].audio == "lists/a/talk.wav");
    CHECK(entries[0].offset == 12.5);
    CHECK(entries[0].duration == 3);
    CHECK(entries[0].reference == "hello");
    CHECK(entries[0].fields == R"({"speaker":"x","tags":[1,2]})");
    CHECK(entries[0].is_part());
    CHECK(entries[1].audio == "/data/b.wav");
    CHECK_FALSE(entries[1].duration);
    CHECK_FALSE(entries[1].is_part());
    CHECK(entries[1].fields == "{}");
}

TEST_CASE("a list is a manifest by its name or by its first byte") {
    CHECK(is_manifest("archive.jsonl", ""));
    CHECK(is_manifest("ARCHIVE.JSONL", "a.wav"));
    CHECK(is_manifest("-", "{\"audio_filepath\": \"a.wav\"}"));
    CHECK_FALSE(is_manifest("list.txt", "a.wav\n{b}.wav\n"));
}

TEST_CASE("a line that is wrong is refused with its number, and with what is wrong") {
    const auto refusal = [](const std::string& line) {
        return test::message_of<UsageError>(
            [&] { read_manifest("{\"audio_filepath\": \"a.wav\"}\n" + line, "", "archive.jsonl"); });
    };
    for (const char* line :
         {"a.wav", "[1]", "{\"audio_filepath\": \"a.wav\"", "{\"a\": 1}", "{\"audio_filepath\": 3}",
          "{\"audio_filepath\": \"\"}", "{\"audio_filepath\": \"-\"}",
          "{\"audio_filepath\": \"a\", \"offset\": -1}", "{\"audio_filepath\": \"a\", \"offset\": \"1\"}",
          "{\"audio_filepath\": \"a\", \"duration\": 0}", "{\"audio_filepath\": \"a\", \"text\": [\"b\"]}",
          "{\"audio_filepath\": \"a\", \"offset\": 1e300}",
          "{\"audio_filepath\": \"a\", \"duration\": 1e10}"}) {
        INFO(line);
        CHECK(test::contains(refusal(line), "line 2 of archive.jsonl"));
    }
    CHECK(test::contains(refusal("{\"audio_filepath\": \"a\", \"duration\": 0}"),
                         "its duration is 0; expected seconds above 0"));
}

TEST_CASE("fields nest as deep as they can be written again") {
    const auto line = [](size_t depth) {
        return R"({"audio_filepath": "a.wav", "x": )" + std::string(depth, '[') + std::string(depth, ']') +
               "}";
    };
    CHECK(read_manifest(line(99), "", "list").size() == 1);
    CHECK(test::contains(test::message_of<UsageError>([&] { read_manifest(line(300'000), "", "list"); }),
                         "nest more than 100 deep"));
    // Brackets in strings do not count.
    const std::string brackets(200, '[');
    CHECK(read_manifest(R"({"audio_filepath": "a.wav", "x": "\")" + brackets + "\"}", "", "list").size() ==
          1);
    CHECK_FALSE(parse_record(line(300'000)));
}

TEST_CASE("an entry's key depends on its path's names and its offset alone") {
    CHECK(key("/data/x/../a.wav", 0) == key("/data/./a.wav", 0.0001));
    CHECK(key("/data/a.wav", 0) != key("/data/a.wav", 0.5));
    CHECK(key("/data/", 0) == key("/data", 0));
    CHECK(key("a.wav", 0) == key(std::filesystem::current_path() / "a.wav", 0));
}

TEST_CASE("an address is the same in every list") {
    const Entry entry =
        read_manifest(R"({"audio_filepath": "https://example.org/talk.mp3"})", "lists", "one").front();
    CHECK(entry.audio == "https://example.org/talk.mp3");
    CHECK(absolute_by_name(entry.audio) == entry.audio);
}

TEST_CASE("an entry that is written is read again as it was, wherever its list lies") {
    const char* line =
        R"({"audio_filepath": "a.wav", "offset": 1.5, "duration": 2.25, "text": "x", "id": 7})";
    const Entry entry = read_manifest(line, "/data", "one").front();
    const Entry again = read_manifest(to_line(entry), "/elsewhere", "two").front();
    CHECK(again.audio == "/data/a.wav");
    CHECK(again.offset == entry.offset);
    CHECK(again.duration == entry.duration);
    CHECK(again.reference == entry.reference);
    CHECK(again.fields == R"({"id":7})");
}

}  // namespace npuscribe::corpus
