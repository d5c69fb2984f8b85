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
    const std::string message = refusal({{"one/talk.wav", {}}, {"two/talk.flac", {}}}, {});
    CHECK(test::contains(message, "one/talk.wav"));
    CHECK(test::contains(message, "two/talk.flac"));
    CHECK(test::contains(message, (out / "talk.txt").string()));
    CHECK(test::contains(refusal({{"talk.wav", {}}}, out / "../out/talk.txt"), "--report"));
    CHECK_FALSE(std::filesystem::exists(out));
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
