// Help, the man page, the table of options and the completions are made of one declaration: here they agree.
#include "reference.h"

#include <algorithm>

#include "catch.h"
#include "command_line.h"
#include "commands.h"

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

}  // namespace

TEST_CASE("every option is in help, man page, table, completions and echo", "[app]") {
    const Reference reference;
    const std::string man = man_page(reference);
    const std::string table = option_table(reference);
    const std::string bash = bash_completion(reference);
    const std::string zsh = zsh_completion(reference);
    const std::string fish = fish_completion(reference);
    size_t seen = 0;
    for (const CommandReference& command : reference.commands()) {
        CHECK(holds(man, ".B " + command.name));
        CHECK(holds(bash, command.name + ") command=" + command.name));
        CHECK(holds(fish, "-a " + command.name + " -d"));
        const std::string help = help_text(command.options);
        const auto echo = values(command.options);
        for (const Option& option : command.options) {
            INFO(command.name << " --" << option.name);
            ++seen;
            CHECK(holds(help, option.name));
            CHECK(holds(man, hyphens_escaped(option.name) + "\\fR"));
            CHECK(holds(bash, "--" + option.name + " "));
            CHECK(holds(zsh, "--" + option.name + "["));
            CHECK(holds(fish, " -l " + option.name + " "));
            CHECK(std::any_of(echo.begin(), echo.end(),
                              [&](const auto& pair) { return pair.first == option.name; }));
            if (command.name == "transcribe") CHECK(holds(table, option.name));
        }
    }
    CHECK(seen > 50);
    CHECK(reference.commands().size() == commands().size());
}

TEST_CASE("the man page shows defaults and no markup of its own in the text", "[app]") {
    const Reference reference;
    const std::string man = man_page(reference);
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
    const Reference reference;
    CHECK(holds(bash_completion(reference),
                "transcribe:--precision) COMPREPLY=($(compgen -W 'bfp16 bf16 fp32"));
    CHECK(holds(zsh_completion(reference), ":PRECISION:(bfp16 bf16 fp32"));
    CHECK(holds(fish_completion(reference), "-l precision -x -a 'bfp16 bf16 fp32"));
}
