#include "help.h"

#include <algorithm>

#include "catch.h"
#include "command_line.h"
#include "commands.h"
#include "option.h"

using namespace npuscribe;
using namespace npuscribe::app;

namespace {

struct Program {
    int exit_code = 0;
    CLI::App root{"", "npuscribe"};
    Program() { add_commands(root, exit_code); }
    const CLI::App& transcribe() const { return *commands_of(root).front(); }
};

}  // namespace

TEST_CASE("help shows the options of every day, and tells where the others are") {
    const Program program;
    const std::string help = program.root.help();
    const auto all = options_of(program.transcribe());
    for (const std::string_view everyday : everyday_options()) {
        INFO(everyday);
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const CLI::Option* o) { return name(*o) == everyday; });
        REQUIRE(found != all.end());
        CHECK(test::contains(help, usage(**found)));
    }
    CHECK_FALSE(test::contains(help, "--compression-ratio-threshold"));
    CHECK(test::contains(help, "npuscribe --help-all shows all " + std::to_string(all.size())));
    CHECK(everyday_options().size() <= 17);
    CHECK(help.size() < program.root.help("", CLI::AppFormatMode::All).size() / 2);
}

TEST_CASE("an option of every day has one line, and all of help fits one screen of 50 lines") {
    const Program program;
    const std::string help = program.root.help();
    CHECK(test::contains(help, "\n  -t, --threads N               Use N CPU threads (default: all)\n"));
    CHECK(test::contains(help, "\nExamples:\n"));
    CHECK(std::count(help.begin(), help.end(), '\n') <= 50);
}

TEST_CASE("all other commands show all of their options") {
    const Program program;
    for (const CLI::App* command : commands_of(program.root)) {
        if (command == &program.transcribe()) continue;
        CHECK(command->help() == command->help("", CLI::AppFormatMode::All));
    }
}
