#include "outputs.h"

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

namespace npuscribe::app {
namespace {

std::vector<output::Format> formats(const char* list) {
    return output::parse_formats(list);
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

TEST_CASE("an input is done when all of its outputs are there") {
    const test::TemporaryDirectory directory;
    const auto plan = [&](const char* list) {
        return plan_outputs({{"talk.wav", {}}}, formats(list), directory.path(), {});
    };
    CHECK_FALSE(plan("srt,json").exists(0));
    directory.touch("talk.srt");
    CHECK_FALSE(plan("srt,json").exists(0));
    CHECK(plan("srt").exists(0));
    directory.touch("talk.json");
    CHECK(plan("srt,json").exists(0));
    CHECK_FALSE(plan_outputs({{"talk.wav", {}}}, {}, directory.path(), {}).exists(0));
}

TEST_CASE("what a killed run left unfinished is gone once the outputs are planned") {
    const test::TemporaryDirectory directory;
    const auto left = directory.touch("a/.npuscribe-abcdefgh.part");
    plan_outputs({{"in/a/talk.wav", {}, "a"}}, formats("srt"), directory.path(), {});
    CHECK_FALSE(std::filesystem::exists(left));
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
