#pragma once
// What is generated from the declarations of commands and options.

#include <CLI/CLI.hpp>
#include <string>

namespace npuscribe::app {

/// npuscribe(1), in the language of man(7).
std::string man_page(const CLI::App& root);
/// The options of transcribing as a table, in Markdown.
std::string option_table(const CLI::App& root);

/// What completes npuscribe's command line in a shell.
std::string bash_completion(const CLI::App& root);
std::string zsh_completion(const CLI::App& root);
std::string fish_completion(const CLI::App& root);

}  // namespace npuscribe::app
