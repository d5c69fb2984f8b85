#include "corpus/manifest_file.h"

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::corpus {
namespace {

Record record(const std::string& audio, Outcome outcome = Outcome::done) {
    Record out;
    out.audio = audio;
    out.outcome = outcome;
    return out;
}

}  // namespace

TEST_CASE("lines are appended, and a later run knows what was finished") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "part.jsonl";
    {
        ManifestFile manifest(path);
        CHECK(manifest.before().empty());
        manifest.append(record("/a.wav", Outcome::failed));
        manifest.append(record("/a.wav"));
        manifest.append(record("/b.wav", Outcome::incomplete));
        manifest.append(record("/c.wav", Outcome::failed));
    }
    const ManifestFile manifest(path);
    REQUIRE(manifest.before().size() == 3);
    CHECK(manifest.before().at(key("/a.wav", 0)).outcome == Outcome::done);
    CHECK(manifest.before().at(key("/b.wav", 0)).outcome == Outcome::incomplete);
    CHECK(manifest.before().at(key("/c.wav", 0)).outcome == Outcome::failed);
}

TEST_CASE("a later run knows the model and the options of the last success") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "part.jsonl";
    const auto made = [](const std::string& model, Outcome outcome) {
        Record out = record("/a.wav", outcome);
        out.model = model;
        out.options = model + "'s";
        return out;
    };
    {
        ManifestFile manifest(path);
        manifest.append(made("tiny", Outcome::done));
        manifest.append(made("base", Outcome::done));
        manifest.append(made("small", Outcome::failed));
    }
    const auto last = ManifestFile(path).before().at(key("/a.wav", 0));
    CHECK(last.model == "base");
    CHECK(last.options == "base's");
}

TEST_CASE("half a line at the end is removed, wherever the run was killed") {
    const test::TemporaryDirectory directory;
    const std::string whole = to_line(record("/a.wav"));
    const std::string half = to_line(record("/b.wav"));
    for (size_t length = 0; length <= half.size(); ++length) {
        INFO(length);
        const auto path = directory.write("part.jsonl", whole + half.substr(0, length));
        ManifestFile(path).append(record("/c.wav"));
        // A line that lacks nothing but its end is completed.
        const std::string kept = length + 1 >= half.size() ? half : "";
        CHECK(test::read_file(path) == whole + kept + to_line(record("/c.wav")));
    }
}

TEST_CASE("a manifest that another process appends to is not repaired") {
    const test::TemporaryDirectory directory;
    const auto path = directory.write("part.jsonl", "");
    const ManifestFile first(path);
    directory.write("part.jsonl", "{\"audio_file");  // the other is in the middle of a line
    const ManifestFile second(path);
    CHECK(test::read_file(path) == "{\"audio_file");
}

TEST_CASE("a file that is no manifest is refused and stays as it is") {
    const test::TemporaryDirectory directory;
    const std::string whole = to_line(record("/a.wav"));
    for (const std::string& content :
         {std::string("RIFF\0\0\0\0WAVE", 12), std::string("a note\nand one without an end"),
          std::string("\n"), std::string(R"({"audio_filepath": "a list.wav"})") + "\n",
          std::string(R"({"text":"a transcript"})")}) {
        INFO(content);
        const auto path = directory.write("file", content);
        CHECK(test::contains(test::message_of<UsageError>([&] { const ManifestFile manifest(path); }),
                             "--manifest"));
        CHECK(test::read_file(path) == content);
    }
    // Killed within its first line, or with rubbish among its lines: it is one.
    ManifestFile(directory.write("file", whole.substr(0, 30))).append(record("/a.wav"));
    CHECK(test::read_file(directory / "file") == whole);
    CHECK_NOTHROW(ManifestFile(directory.write("file", "rubbish\n" + whole)));
}

TEST_CASE("devices and pipes are written to, and errors name the manifest") {
    ManifestFile("/dev/null").append(record("/a.wav"));
    CHECK(test::contains(
        test::message_of<OutputError>([] { ManifestFile("/dev/full").append(record("/a.wav")); }),
        "/dev/full"));
    CHECK(test::contains(test::message_of<OutputError>([] { ManifestFile("/no/such/part.jsonl"); }),
                         "/no/such/part.jsonl"));
}

}  // namespace npuscribe::corpus
