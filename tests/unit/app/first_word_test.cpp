#include "first_word.h"

#include "base/error.h"
#include "catch.h"
#include "command_line.h"
#include "commands.h"

using namespace npuscribe;
using namespace npuscribe::app;

namespace {

std::string advice(const std::string& word) {
    int exit_code = 0;
    CLI::App root("", "npuscribe");
    add_commands(root, exit_code);
    return test::message_of<UsageError>([&] { refuse_mistaken_command(root, word); });
}

}  // namespace

TEST_CASE("commands of other programs say what to type") {
    CHECK(test::contains(advice("version"), "npuscribe --version"));
    CHECK(test::contains(advice("models"), "npuscribe model list"));
    CHECK(test::contains(advice("pull"), "npuscribe model fetch NAME"));
    CHECK(test::contains(advice("serve"), "there is no file and no command 'serve'; there is no server"));
    CHECK(test::contains(advice("Languages"), "npuscribe --language list"));
}

TEST_CASE("a mistyped command is suggested") {
    CHECK(test::contains(advice("devcie"), "did you mean npuscribe device?"));
}

TEST_CASE("a word that stands for nothing is an input") {
    int exit_code = 0;
    CLI::App root("", "npuscribe");
    add_commands(root, exit_code);
    for (const char* word : {"talk.wav", "-", "", "/", "no-such-directory/serve"})
        CHECK_NOTHROW(refuse_mistaken_command(root, word));
}
