// npuscribe man, npuscribe completion: what packages install, printed by the program that it describes.

#include <spdlog/fmt/fmt.h>

#include <cstdio>

#include "base/error.h"
#include "command_line.h"
#include "commands.h"
#include "exit_code.h"
#include "reference.h"

namespace npuscribe::app {
namespace {

constexpr const char* kManHelp =
    "Usage: npuscribe man [markdown]\n\n"
    "Prints the manual page: npuscribe man | man -l -. markdown: the options alone, as a table.\n";

constexpr const char* kCompletionHelp =
    "Usage: npuscribe completion bash|zsh|fish\n\n"
    "Prints what completes npuscribe's command line in that shell:\n"
    "  bash: source <(npuscribe completion bash)\n"
    "  zsh:  npuscribe completion zsh > a file named _npuscribe in a directory of $fpath\n"
    "  fish: npuscribe completion fish > ~/.config/fish/completions/npuscribe.fish\n";

int print(const std::string& text) {
    std::fputs(text.c_str(), stdout);  // main() finds out whether it could be written
    return kDone;
}

}  // namespace

int man(const std::vector<std::string>& arguments) {
    if (asks_for_help(arguments)) return print(kManHelp);
    const std::vector<std::string> words = parse({}, arguments);
    const Reference reference;
    if (words.empty()) return print(man_page(reference));
    if (words.size() == 1 && words[0] == "markdown") return print(option_table(reference));
    throw UsageError(
        fmt::format("man: '{}' was given; allowed is markdown, or nothing", fmt::join(words, " ")));
}

int completion(const std::vector<std::string>& arguments) {
    if (asks_for_help(arguments)) return print(kCompletionHelp);
    const std::vector<std::string> words = parse({}, arguments);
    const Reference reference;
    if (words.size() == 1 && words[0] == "bash") return print(bash_completion(reference));
    if (words.size() == 1 && words[0] == "zsh") return print(zsh_completion(reference));
    if (words.size() == 1 && words[0] == "fish") return print(fish_completion(reference));
    throw UsageError(
        fmt::format("completion: '{}' was given; allowed is bash, zsh or fish", fmt::join(words, " ")));
}

}  // namespace npuscribe::app
