#pragma once
// From the words that were typed to options that are set, by CLI11, and to help.

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace npuscribe::app {

/// Gives a root app npuscribe's help and rules, for the commands that are added to it later: of a repeated
/// option, the last one counts.
void set_up(CLI::App& root);

/// Sets the options of `root` and of the chosen command from `words`, and runs that command's callback.
/// Throws UsageError, which names the option, what was given, and what is expected or nearest;
/// CLI::CallForHelp and CLI::CallForVersion if they are asked for.
void parse(CLI::App& root, std::vector<std::string> words);

/// Throws the UsageError for an option that `command` does not have; it suggests the nearest that it has.
[[noreturn]] void refuse_unknown(const CLI::App& command, const std::string& typed);

/// Every option's name and present value, for reports.
std::vector<std::pair<std::string, std::string>> values(CLI::App& command);

/// "npuscribe model fetch".
std::string full_name(const CLI::App& command);
/// What it does in a line: the first of its description.
std::string summary(const CLI::App& command);
/// The commands below `app`, in the order in which they were added.
std::vector<const CLI::App*> commands_of(const CLI::App& app);
/// Words that `command` takes first: its own commands' names or the values of its first argument.
std::vector<std::string> first_words(const CLI::App& command);

}  // namespace npuscribe::app
