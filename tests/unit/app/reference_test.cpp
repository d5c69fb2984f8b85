// Help, the man page, the table of options and the completions are made of one declaration: here they agree.
#include "reference.h"

#include <algorithm>

#include "catch.h"
#include "command_line.h"
#include "commands.h"
#include "option.h"

using namespace npuscribe::app;

namespace {

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// As the man page writes it.
std::string hyphens_escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '-' ? std::string("\\-") : std::string(1, c);
    return out;
}

/// The whole program, as main() declares it.
struct Program {
    int exit_code = 0;
    CLI::App root{"", "npuscribe"};
    Program() { add_commands(root, exit_code); }
};

}  // namespace

TEST_CASE("every option is in help, man page, table and completions", "[app]") {
    const Program program;
    const std::string man = man_page(program.root);
    const std::string table = option_table(program.root);
    const std::string bash = bash_completion(program.root);
    const std::string zsh = zsh_completion(program.root);
    const std::string fish = fish_completion(program.root);
    size_t seen = 0;
    const auto check = [&](const CLI::App& command) {
        const std::string help = command.help("", CLI::AppFormatMode::All);
        for (const CLI::Option* option : options_of(command)) {
            const std::string option_name = name(*option);
            INFO(full_name(command) << " --" << option_name);
            ++seen;
            CHECK(holds(help, usage(*option)));
            CHECK(holds(man, hyphens_escaped(option_name)));
            CHECK(holds(bash, "--" + option_name + " "));
            CHECK(holds(zsh, "--" + option_name + (is_switch(*option) ? "[" : "=[")));
            CHECK(holds(fish, " -l " + option_name + " "));
            if (command.get_name() == "transcribe") CHECK(holds(table, option_name));
        }
    };
    for (const CLI::App* command : commands_of(program.root)) {
        CHECK(holds(man, ".B npuscribe " + command->get_name()));
        CHECK(holds(bash, command->get_name() + ") command=" + command->get_name()));
        CHECK(holds(fish, "-a " + command->get_name() + " -d"));
        check(*command);
        for (const CLI::App* below : commands_of(*command)) check(*below);
    }
    CHECK(seen > 50);
}

TEST_CASE("the man page shows defaults and no markup of its own in the text", "[app]") {
    const Program program;
    const std::string man = man_page(program.root);
    CHECK(holds(man, ".TH NPUSCRIBE 1"));
    CHECK(holds(man, "(default: base)"));
    // A line that begins with a dot is a request: only those that the page is made of.
    for (size_t at = 0; at < man.size();) {
        const size_t end = std::min(man.find('\n', at), man.size());
        const std::string line = man.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line[0] != '.') continue;
        const std::string request = line.substr(0, line.find(' '));
        const std::vector<std::string> known = {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".I", ".br"};
        INFO(line);
        CHECK(std::find(known.begin(), known.end(), request) != known.end());
    }
}

TEST_CASE("words that an option chooses among are offered", "[app]") {
    const Program program;
    CHECK(holds(bash_completion(program.root), "transcribe:--precision) _npuscribe_words 'bfp16 bf16 fp32"));
    CHECK(holds(zsh_completion(program.root), ":PRECISION:(bfp16 bf16 fp32"));
    CHECK(holds(fish_completion(program.root), "-l precision -x -a 'bfp16 bf16 fp32"));
}
