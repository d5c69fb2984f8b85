#include "command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "help.h"
#include "option.h"
#include "spelling.h"

namespace npuscribe::app {
namespace {

const CLI::App& chosen(const CLI::App& app) {
    const auto below = app.get_subcommands();
    return below.empty() ? app : chosen(*below.front());
}

[[noreturn]] void refuse_word(const CLI::App& command, const std::string& typed) {
    if (typed.size() > 1 && typed[0] == '-') refuse_unknown(command, typed);
    if (commands_of(command).empty())
        throw UsageError(fmt::format("unexpected argument '{0}'; {1} --help shows what it takes", typed,
                                     full_name(command)));
    throw UsageError(fmt::format("unknown command '{}': {} expects one of {}", typed, full_name(command),
                                 fmt::join(first_words(command), ", ")));
}

// CLI11 reports what is missing in its own words.
[[noreturn]] void refuse_missing(const CLI::App& command, const std::string& message) {
    const std::string option_name = message.substr(0, message.find(':'));
    if (const CLI::Option* option = command.get_option_no_throw(option_name))
        throw UsageError(fmt::format("missing value for {}: expected {}", option_name, value_name(*option)));
    if (!commands_of(command).empty())
        throw UsageError(fmt::format("missing command: {} expects one of {}", full_name(command),
                                     fmt::join(first_words(command), ", ")));
    for (const CLI::Option* argument : command.get_options()) {
        if (!argument->get_required() || !argument->empty()) continue;
        const std::string words = fmt::format("{}", fmt::join(choices(*argument), ", "));
        const std::string description = argument->get_description();
        throw UsageError(fmt::format(
            "missing {}: {} expects {}", argument->get_name(), full_name(command),
            words.empty() ? to_lower(description.substr(0, 1)) + description.substr(1) : "one of " + words));
    }
    throw UsageError(message);
}

}  // namespace

void set_up(CLI::App& root) {
    root.set_help_flag("-h,--help", "Print this help; COMMAND --help: a command's");
    root.set_help_all_flag("--help-all", "Print help with all options");
    root.option_defaults()->take_last();
    root.require_subcommand(1);
    root.formatter(std::make_shared<Help>());
}

void parse(CLI::App& root, std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
        root.parse(std::move(words));
    } catch (const CLI::Success&) {
        throw;
    } catch (const CLI::ParseError& error) {
        const CLI::App& command = chosen(root);
        for (const std::string& typed : root.remaining(true)) {
            if (typed != "--") refuse_word(command, typed);
        }
        refuse_missing(command, error.what());
    }
}

void refuse_unknown(const CLI::App& command, const std::string& typed) {
    std::vector<std::string> known;
    for (const CLI::Option* option : options_of(command)) {
        for (const std::string& long_name : option->get_lnames()) known.push_back("--" + long_name);
    }
    const std::string given = typed.substr(0, typed.find('='));
    const auto near = given.starts_with("--") ? nearest(given, known) : std::vector<std::string>{};
    throw UsageError(fmt::format("unknown option {}; {}", given,
                                 near.empty() ? full_name(command) + " --help lists all options"
                                              : fmt::format("did you mean {}?", fmt::join(near, " or "))));
}

std::vector<std::pair<std::string, std::string>> values(CLI::App& command) {
    for (CLI::Option* option : command.get_options()) option->capture_default_str();
    std::vector<std::pair<std::string, std::string>> out;
    for (const CLI::Option* option : options_of(command))
        out.emplace_back(name(*option), option->get_default_str());
    return out;
}

std::string full_name(const CLI::App& command) {
    const CLI::App* parent = command.get_parent();
    return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

std::string summary(const CLI::App& command) {
    const std::string description = command.get_description();
    return description.substr(0, description.find('\n'));
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands(std::function<bool(const CLI::App*)>());
}

std::vector<std::string> first_words(const CLI::App& command) {
    std::vector<std::string> out;
    for (const CLI::App* below : commands_of(command)) out.push_back(below->get_name());
    for (const CLI::Option* option : command.get_options()) {
        if (out.empty() && option->get_positional()) out = choices(*option);
    }
    return out;
}

}  // namespace npuscribe::app
