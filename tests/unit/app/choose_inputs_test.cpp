#include "choose_inputs.h"

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::app {
namespace {

using Names = std::vector<std::string>;

/// --files-from LIST -o out, and what else is set.
TranscribeSettings settings(const std::filesystem::path& list) {
    TranscribeSettings out;
    out.files_from = list.string();
    out.output_dir = "out";
    return out;
}

Names names(const ChosenInputs& chosen) {
    Names out;
    for (const Input& input : chosen.inputs) out.push_back((input.below / input.name).string());
    return out;
}

}  // namespace

TEST_CASE("names are decided over the whole list, before the shard is picked") {
    const test::TemporaryDirectory directory;
    const auto list = directory.write("list.jsonl",
                                      "{\"audio_filepath\": \"a/x.wav\"}\n{\"audio_filepath\": \"a/x.mp3\"}\n"
                                      "{\"audio_filepath\": \"b/x.wav\"}\n");
    TranscribeSettings given = settings(list);
    CHECK(names(choose_inputs(given)) == Names{"a/x.wav", "a/x.mp3", "b/x"});
    given.shard = corpus::Shard{1, 2};
    const ChosenInputs chosen = choose_inputs(given);
    CHECK(names(chosen) == Names{"a/x.mp3"});
    CHECK(chosen.inputs[0].error == "there is no such file");
}

TEST_CASE("shards of a manifest with durations are balanced") {
    const test::TemporaryDirectory directory;
    std::string lines;
    for (const int seconds : {1, 1, 1, 30, 1})
        lines += "{\"audio_filepath\": \"" + std::to_string(lines.size()) +
                 ".wav\", \"duration\": " + std::to_string(seconds) + "}\n";
    TranscribeSettings given = settings(directory.write("list.jsonl", lines));
    given.shard = corpus::Shard{0, 2};
    CHECK(choose_inputs(given).inputs.size() == 1);
    given.shard = corpus::Shard{1, 2};
    CHECK(choose_inputs(given).inputs.size() == 4);
}

TEST_CASE(
    "what a list names again is left out before the shard is picked, and parts that would meet are refused") {
    const test::TemporaryDirectory directory;
    TranscribeSettings given = settings(directory.write("list", "a.wav\n./a.wav\nb.wav\nc.wav\n"));
    ChosenInputs chosen = choose_inputs(given);
    CHECK(names(chosen) == Names{"a", "b", "c"});
    CHECK(test::contains(chosen.note, "1 of 4 entries"));
    given.shard = corpus::Shard{1, 3};
    CHECK(names(choose_inputs(given)) == Names{"b"});
    const std::string part = R"({"audio_filepath": "a.wav", "offset": 1, "duration": )";
    given = settings(directory.write("parts.jsonl", part + "2}\n" + part + "3}\n"));
    for (const size_t index : {0, 1}) {
        given.shard = corpus::Shard{index, 2};
        const std::string message = test::message_of<UsageError>([&] { choose_inputs(given); });
        CHECK(test::contains(message, "for 2 s, and"));
        CHECK(test::contains(message, "for 3 s;"));
    }
}

TEST_CASE("a directory in a list stands for its recordings, below its own name") {
    const test::TemporaryDirectory directory;
    directory.touch("rec/day/a.wav");
    directory.touch("b.wav");
    TranscribeSettings given = settings(
        directory.write("list", (directory / "rec").string() + "\n" + (directory / "b.wav").string() + "\n"));
    given.recursive = true;
    const ChosenInputs chosen = choose_inputs(given);
    REQUIRE(chosen.inputs.size() == 2);
    CHECK(chosen.inputs[0].below == "rec/day");
    CHECK(chosen.inputs[1].below == "");
}

TEST_CASE("parts of the manifest's and parts of the options' do not go together") {
    const test::TemporaryDirectory directory;
    TranscribeSettings given =
        settings(directory.write("list.jsonl", "{\"audio_filepath\": \"a.wav\", \"offset\": 1}\n"));
    given.session.transcribe.clips = {{0, 3}};
    CHECK(test::contains(test::message_of<UsageError>([&] { choose_inputs(given); }), "--offset"));
}

}  // namespace npuscribe::app
