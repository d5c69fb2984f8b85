#include "outputs.h"

#include <sys/stat.h>

#include <chrono>

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

std::vector<output::Format> formats(const char* list) {
    return output::parse_formats(list);
}

void write_first(const OutputPlan& plan) {
    std::vector<std::string> written;
    plan.write(0, {}, written);
}

}  // namespace

TEST_CASE("each input has a file a format, in the output directory, which is made") {
    const test::TemporaryDirectory directory;
    const auto out = directory / "a/b";
    const OutputPlan plan = plan_outputs(
        {{"x/talk.wav", {}}, {"missing", "there is no such file"}, {"-", {}}}, formats("srt,json"), out, {});
    CHECK(std::filesystem::is_directory(out));
    REQUIRE(plan.outputs.size() == 3);
    CHECK(plan.outputs[0] == std::vector<std::filesystem::path>{out / "talk.srt", out / "talk.json"});
    CHECK(plan.outputs[1].empty());
    CHECK(plan.outputs[2] == std::vector<std::filesystem::path>{out / "stdin.srt", out / "stdin.json"});
}

TEST_CASE("two inputs that would write the same file are refused, before the directory is made") {
    const test::TemporaryDirectory directory;
    const auto out = directory / "out";
    const auto refusal = [&](const std::vector<Input>& inputs, const std::filesystem::path& report) {
        return test::message_of<UsageError>([&] { plan_outputs(inputs, formats("txt"), out, report); });
    };
    const std::string message = refusal({{"one/talk.wav", {}}, {"two/talk.wav", {}}}, {});
    CHECK(test::contains(message, "one/talk.wav"));
    CHECK(test::contains(message, "two/talk.wav"));
    CHECK(test::contains(message, (out / "talk.txt").string()));
    CHECK(test::contains(refusal({{"talk.wav", {}}}, out / "../out/talk.txt"), "--report"));
    CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("inputs that differ only in their extension keep it in their outputs' names, and a note says so") {
    const test::TemporaryDirectory directory;
    const auto names = [&](const std::vector<Input>& inputs) {
        const OutputPlan plan = plan_outputs(inputs, formats("srt"), directory.path(), {});
        std::vector<std::string> out;
        for (const auto& outputs : plan.outputs)
            out.push_back(outputs.empty() ? "" : outputs.front().filename().string());
        return out;
    };
    using Names = std::vector<std::string>;
    CHECK(names({{"a/x.wav", {}}, {"b/x.mp3", {}}, {"y.wav", {}}}) ==
          Names{"x.wav.srt", "x.mp3.srt", "y.srt"});
    // Which of them can be read changes no name, and neither does their order.
    CHECK(names({{"x.mp3", "there is no such file"}, {"x.wav", {}}}) == Names{"", "x.wav.srt"});
    CHECK(names({{"x", "the directory holds no audio files"}, {"x.wav", {}}}) == Names{"", "x.srt"});
    // The new name may meet another.
    CHECK(names({{"x.wav", {}}, {"x.mp3", {}}, {"x.wav.flac", {}}}) ==
          Names{"x.wav.srt", "x.mp3.srt", "x.wav.flac.srt"});
    CHECK(names({{"-", {}}, {"stdin.wav", {}}}) == Names{"stdin.srt", "stdin.wav.srt"});
    CHECK(names({{"d/x.wav", {}, "one"}, {"d/x.mp3", {}, "two"}}) == Names{"x.srt", "x.srt"});  // two places

    const OutputPlan plan =
        plan_outputs({{"x.wav", {}}, {"x.mp3", {}}}, formats("srt"), directory.path(), {});
    CHECK(test::contains(plan.note, "x.wav, x.mp3"));
    CHECK(plan_outputs({{"x.wav", {}}, {"y.mp3", {}}}, formats("srt"), directory.path(), {}).note.empty());
    CHECK(plan_outputs({{"x.wav", {}}, {"x.mp3", {}}}, {}, {}, {}).note.empty());
}

TEST_CASE("the outputs of one input can be named") {
    const test::TemporaryDirectory directory;
    const auto out = directory / "out";
    const auto named = [&](const char* list, const std::string& name) {
        return plan_outputs({{"-", {}}}, formats(list), out, {}, name).outputs.front();
    };
    CHECK(named("srt,json", "talk") ==
          std::vector<std::filesystem::path>{out / "talk.srt", out / "talk.json"});
    CHECK(named("srt", "talk.srt") == std::vector<std::filesystem::path>{out / "talk.srt"});
    CHECK(named("srt", "talk.v2") == std::vector<std::filesystem::path>{out / "talk.v2.srt"});
    CHECK(named("srt", "sub/talk") == std::vector<std::filesystem::path>{out / "sub/talk.srt"});
    CHECK(std::filesystem::is_directory(out / "sub"));
    CHECK(named("srt", (directory / "else/talk").string()).front() == directory / "else/talk.srt");
    const std::string message = test::message_of<UsageError>([&] {
        plan_outputs({{"a.wav", {}}, {"b.wav", {}}}, formats("srt"), out, {}, "talk");
    });
    CHECK(test::contains(message, "--output-name talk names the outputs of one input, but there are 2"));
}

TEST_CASE("an input that was given twice is said to be") {
    const std::vector<Input> twice = {{"a/talk.wav", {}, {}}, {"a/talk.wav", {}, {}}};
    const auto message =
        test::message_of<UsageError>([&] { plan_outputs(twice, output::parse_formats("txt"), "out", {}); });
    CHECK(message == "a/talk.wav was given twice, and out/talk.txt would be written for both");
}

TEST_CASE("the tree of a directory is kept, so that files of one name in two places do not meet") {
    const test::TemporaryDirectory directory;
    const auto out = directory / "out";
    const OutputPlan plan =
        plan_outputs({{"in/a/talk.wav", {}, "a"}, {"in/b/c/talk.wav", {}, "b/c"}, {"in/talk.wav", {}}},
                     formats("srt"), out, {});
    CHECK(plan.outputs[0] == std::vector<std::filesystem::path>{out / "a/talk.srt"});
    CHECK(plan.outputs[1] == std::vector<std::filesystem::path>{out / "b/c/talk.srt"});
    CHECK(plan.outputs[2] == std::vector<std::filesystem::path>{out / "talk.srt"});
    CHECK(std::filesystem::is_directory(out / "b/c"));
}

TEST_CASE("an input is skipped when all of its outputs are there") {
    const test::TemporaryDirectory directory;
    const auto plan = [&](const char* list) {
        return plan_outputs({{"talk.wav", {}}}, formats(list), directory.path(), {});
    };
    CHECK_FALSE(plan("srt,json").skip(0).skip);
    directory.touch("talk.srt");
    CHECK_FALSE(plan("srt,json").skip(0).skip);
    CHECK(plan("srt").skip(0).skip);
    directory.touch("talk.json");
    CHECK(plan("srt,json").skip(0).skip);
    CHECK_FALSE(plan_outputs({{"talk.wav", {}}}, {}, directory.path(), {}).skip(0).skip);
}

TEST_CASE("an output counts for the file, the model and the options that it was made of") {
    const test::TemporaryDirectory directory;
    const auto first = directory.write("a/talk.wav", "one");
    const auto second = directory.write("b/talk.wav", "two");
    const auto out = directory / "out";
    const auto plan_for = [&](const fs::path& input, const RecordOfRun& run) {
        OutputPlan plan = plan_outputs({{input, {}}}, formats("txt"), out, {});
        plan.run = run;
        return plan;
    };
    const RecordOfRun run = {"base", "0123"};
    write_first(plan_for(first, run));
    if (output::attribute(out / "talk.txt", "user.npuscribe").empty()) {
        CHECK(plan_for(first, run).skip(0).by_name);  // the file system keeps no extended attributes
        return;
    }
    const SkipChoice same = plan_for(first, run).skip(0);
    CHECK(same.skip);
    CHECK_FALSE(same.by_name);

    const auto why_not = [&](const fs::path& input, const RecordOfRun& other) {
        const SkipChoice choice = plan_for(input, other).skip(0);
        CHECK_FALSE(choice.skip);
        return choice.why_not;
    };
    CHECK(test::contains(why_not(second, run), "it was made of " + first.string()));
    CHECK(test::contains(why_not(first, {"tiny", "0123"}), "with the model base"));
    CHECK(test::contains(why_not(first, {"base", "4567"}), "with other options"));
    OutputPlan part = plan_for(first, run);
    part.inputs.front().part = "12+3";
    CHECK(test::contains(part.skip(0).why_not, "of another part"));
    directory.write("a/talk.wav", "one and more");
    CHECK(test::contains(why_not(first, run), "its input has changed since"));
}

TEST_CASE("without a record an output counts by its name, unless it is older than the input") {
    const test::TemporaryDirectory directory;
    const auto input = directory.write("in/talk.wav", "sound");
    const auto output = directory.write("talk.txt", "made by another program");
    const OutputPlan plan = plan_outputs({{input, {}}}, formats("txt"), directory.path(), {});
    fs::last_write_time(output, fs::last_write_time(input) + std::chrono::seconds(5));
    CHECK(plan.skip(0).skip);
    CHECK(plan.skip(0).by_name);
    fs::last_write_time(output, fs::last_write_time(input) - std::chrono::seconds(5));
    CHECK_FALSE(plan.skip(0).skip);
    CHECK(test::contains(plan.skip(0).why_not, "older than its input"));
}

TEST_CASE("a link, a pipe or a device in an output's place is not written to") {
    const test::TemporaryDirectory directory;
    const auto victim = directory.write("victim", "mine");
    fs::create_directories(directory / "out");
    fs::create_symlink(victim, directory / "out/talk.txt");
    const OutputPlan plan = plan_outputs({{"talk.wav", {}}}, formats("txt"), directory / "out", {});
    CHECK_FALSE(plan.skip(0).skip);
    write_first(plan);
    CHECK(test::read_file(victim) == "mine");
    CHECK(fs::is_regular_file(fs::symlink_status(directory / "out/talk.txt")));

    REQUIRE(::mkfifo((directory / "out/pipe.txt").c_str(), 0600) == 0);
    const OutputPlan piped = plan_outputs({{"pipe.wav", {}}}, formats("txt"), directory / "out", {});
    CHECK(test::contains(test::message_of<OutputError>([&] { write_first(piped); }), "it is a pipe"));
}

TEST_CASE("a link to a directory below the output directory is refused before the work") {
    const test::TemporaryDirectory directory;
    fs::create_directories(directory / "elsewhere");
    fs::create_directories(directory / "out");
    fs::create_directory_symlink(directory / "elsewhere", directory / "out/a");
    const std::vector<Input> below = {{"in/a/talk.wav", {}, "a"}};
    CHECK(test::contains(
        test::message_of<OutputError>([&] { plan_outputs(below, formats("txt"), directory / "out", {}); }),
        "it is a link"));
    // The output directory itself is what the person says.
    fs::create_directory_symlink(directory / "elsewhere", directory / "link");
    write_first(plan_outputs({{"talk.wav", {}}}, formats("txt"), directory / "link", {}));
    CHECK(fs::is_regular_file(directory / "elsewhere/talk.txt"));
}

TEST_CASE("a manifest is neither the report nor an output") {
    const test::TemporaryDirectory directory;
    const auto with_manifest = [&](const fs::path& report, const fs::path& manifest) {
        return test::message_of<UsageError>([&] {
            plan_outputs({{"talk.wav", {}}}, formats("json"), directory.path(), report, {}, manifest);
        });
    };
    CHECK(test::contains(with_manifest(directory / "x.jsonl", directory / "x.jsonl"), "--manifest"));
    CHECK(test::contains(with_manifest({}, directory / "talk.json"), "for both talk.wav and --manifest"));
}

TEST_CASE("a report may go to a pipe, beside which no file can be made") {
    CHECK_NOTHROW(plan_outputs({{"talk.wav", {}}}, {}, {}, "/dev/null"));
    CHECK_NOTHROW(plan_outputs({{"talk.wav", {}}}, {}, {}, "/dev/stdout"));
}

TEST_CASE("what a killed run left unfinished is gone once the outputs are planned") {
    const test::TemporaryDirectory directory;
    const auto left = directory.touch("a/.npuscribe-abcdefgh.part");  // an older version's
    plan_outputs({{"in/a/talk.wav", {}, "a"}}, formats("srt"), directory.path(), {});
    CHECK(fs::exists(left));  // its process may live
    fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
    plan_outputs({{"in/a/talk.wav", {}, "a"}}, formats("srt"), directory.path(), {});
    CHECK_FALSE(fs::exists(left));
}

TEST_CASE("an output never overwrites an input") {
    const test::TemporaryDirectory directory;
    const auto input = directory.touch("talk.txt");
    const std::string message = test::message_of<UsageError>([&] {
        plan_outputs({{input, {}}}, formats("txt"), directory.path(), {});
    });
    CHECK(test::contains(message, "it is an input"));
}

TEST_CASE("without formats the same input may be given twice") {
    CHECK_NOTHROW(plan_outputs({{"talk.wav", {}}, {"talk.wav", {}}}, {}, {}, {}));
}

TEST_CASE("a directory that cannot be written to is an error before the work") {
    const test::TemporaryDirectory directory;
    const auto file = directory.touch("file");
    CHECK_THROWS_AS(plan_outputs({{"talk.wav", {}}}, formats("txt"), file, {}), OutputError);
    std::filesystem::create_directories(directory / "out/talk.txt");
    CHECK_THROWS_AS(plan_outputs({{"talk.wav", {}}}, formats("txt"), directory / "out", {}), OutputError);
}

}  // namespace npuscribe::app
