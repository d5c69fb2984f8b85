// npuscribe man, npuscribe completion: what packages install, printed by the program that it describes.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "commands.h"
#include "option.h"
#include "reference.h"

namespace npuscribe::app {
namespace {

using Write = std::string (*)(const CLI::App& root);

// main() finds out whether the text could be written.
void print(const CLI::App& root, const std::vector<std::pair<std::string, Write>>& writers,
           const std::string& name) {
    for (const auto& [known, write] : writers) {
        if (known == name) std::fputs(write(root).c_str(), stdout);
    }
}

}  // namespace

void add_man(CLI::App& root) {
    CLI::App* command =
        root.add_subcommand("man", "Print the manual page\nTo read it: npuscribe man | man -l -");
    const auto form = std::make_shared<std::string>("page");
    option(*command, "FORM", "", *form, one_of({"page", "markdown"}),
           "page, or markdown for a table of the options (default: page)");
    command->callback([&root, form] {
        print(root, {{"page", man_page}, {"markdown", option_table}}, *form);
    });
}

void add_completion(CLI::App& root) {
    CLI::App* command =
        root.add_subcommand("completion",
                            "Print a script that completes npuscribe's command line in a shell\n"
                            "  bash: source <(npuscribe completion bash)\n"
                            "  zsh:  npuscribe completion zsh > _npuscribe, in a directory of $fpath\n"
                            "  fish: npuscribe completion fish > ~/.config/fish/completions/npuscribe.fish");
    const auto shell = std::make_shared<std::string>();
    option(*command, "SHELL", "", *shell, one_of({"bash", "zsh", "fish"}), "bash, zsh or fish")->required();
    command->callback([&root, shell] {
        print(root, {{"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}}, *shell);
    });
}

}  // namespace npuscribe::app
