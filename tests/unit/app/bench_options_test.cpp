#include "bench_options.h"

#include "base/error.h"
#include "catch.h"
#include "command_line.h"

using namespace npuscribe;
using namespace npuscribe::app;
using test::contains;
using test::message_of;

namespace {

/// A root with one command whose options are bound to `settings`.
template <class Settings>
void read(void (*declare)(CLI::App&, Settings&), Settings& settings, std::vector<std::string> words) {
    CLI::App root("", "npuscribe");
    set_up(root);
    declare(*root.add_subcommand("command", "A command"), settings);
    words.insert(words.begin(), "command");
    parse(root, words);
}

ProjectSettings project(const std::vector<std::string>& words) {
    ProjectSettings settings;
    read(add_project_options, settings, words);
    return settings;
}

}  // namespace

TEST_CASE("bench takes every precision, and refuses others by name", "[app]") {
    BenchSettings settings;
    read(add_bench_options, settings,
         {"layer", "--precision", "int8-tensor", "--seq", "3000", "-n", "7", "speech.wav"});
    CHECK(settings.benchmark == "layer");
    CHECK(settings.audio == "speech.wav");
    CHECK(settings.precision == Precision::int8_tensor);
    CHECK(settings.frames == 3000);
    CHECK(settings.runs == 7);
    const auto refusal = [&](const std::vector<std::string>& words) {
        return message_of<UsageError>([&] { read(add_bench_options, settings, words); });
    };
    CHECK(contains(refusal({"layer", "--precision", "int4"}), "int8-tensor"));
    CHECK(contains(refusal({"lair"}), "invalid value 'lair' for BENCHMARK: expected one of layer, encoder"));
    CHECK(contains(refusal({}), "missing BENCHMARK: npuscribe command expects one of layer, encoder"));
}

TEST_CASE("project's lists become sizes and frames", "[app]") {
    CHECK(project({}).options.models == std::vector<std::string>{"base", "small", "medium", "large"});
    CHECK(project({"--models", "all"}).options.models == project({}).options.models);
    CHECK(project({}).options.frames == std::vector<size_t>{512, 1500, 3000});
    CHECK(project({}).options.battery_watt_hours == 56);  // the study's
    CHECK(project({}).options.measure);

    const ProjectSettings settings = project({"--models", "tiny,turbo", "--frames", "750", "--no-measure"});
    CHECK(settings.options.models == std::vector<std::string>{"tiny", "turbo"});
    CHECK(settings.options.frames == std::vector<size_t>{750});
    CHECK_FALSE(settings.options.measure);
    CHECK(project({"--frames", "512,1000,1500,2000"}).options.frames ==
          std::vector<size_t>{512, 1000, 1500, 2000});
}

TEST_CASE("frames that are no number are refused, with the option's name", "[app]") {
    for (const std::string given : {"", "512,", "0", "many", "512,,1500"}) {
        INFO(given);
        CHECK(contains(message_of<UsageError>([&] { project({"--frames", given}); }), "--frames"));
    }
}
