#include "bench_options.h"

#include "base/error.h"
#include "catch.h"
#include "command_line.h"

using namespace npuscribe;
using namespace npuscribe::app;
using test::contains;
using test::message_of;

TEST_CASE("bench takes every precision, and refuses others by name", "[app]") {
    BenchSettings settings;
    const auto options = bench_options(settings);
    const auto words =
        parse(options, {"layer", "--precision", "int8-tensor", "--seq", "3000", "-n", "7", "speech.wav"});
    CHECK(words == std::vector<std::string>{"layer", "speech.wav"});
    CHECK(settings.precision == "int8-tensor");
    CHECK(settings.frames == 3000);
    CHECK(settings.runs == 7);
    CHECK(contains(message_of<UsageError>([&] { parse(options, {"--precision", "int4"}); }), "int8-tensor"));
}

TEST_CASE("project's lists become sizes and frames", "[app]") {
    ProjectSettings settings;
    CHECK(to_project(settings).models == std::vector<std::string>{"base", "small", "medium", "large"});
    CHECK(to_project(settings).frames == std::vector<size_t>{512, 1500, 3000});
    CHECK(to_project(settings).battery_watt_hours == 56);  // the study's
    CHECK(to_project(settings).measure);

    parse(project_options(settings), {"--models", "tiny,turbo", "--frames", "750", "--no-measure"});
    CHECK(to_project(settings).models == std::vector<std::string>{"tiny", "turbo"});
    CHECK(to_project(settings).frames == std::vector<size_t>{750});
    CHECK_FALSE(to_project(settings).measure);
}

TEST_CASE("frames that are no number are refused, with the option's name", "[app]") {
    for (const std::string given : {"", "512,", "0", "many", "512,,1500"}) {
        ProjectSettings settings;
        settings.frames = given;
        INFO(given);
        CHECK(contains(message_of<UsageError>([&] { to_project(settings); }), "--frames"));
    }
}
