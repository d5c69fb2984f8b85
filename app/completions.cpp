// Completions for shells. Each script knows every option, so that npuscribe does not run while one types.

#include "reference.h"

#include <fmt/format.h>

#include <vector>

#include "command_line.h"
#include "option.h"

namespace npuscribe::app {
namespace {

/// The options of a command and of those below it.
std::vector<const CLI::Option*> all_options(const CLI::App& command) {
    std::vector<const CLI::Option*> out = options_of(command);
    for (const CLI::App* below : commands_of(command)) {
        for (const CLI::Option* option : all_options(*below)) out.push_back(option);
    }
    return out;
}

bool takes_file(const CLI::Option& option) {
    const std::string value = value_name(option);
    return value.find("FILE") != std::string::npos || value.find("DIR") != std::string::npos;
}

/// "--output-dir", "-o"; "--vad", "--no-vad".
std::vector<std::string> spellings(const CLI::Option& option) {
    std::vector<std::string> out;
    for (const std::string& name : option.get_lnames()) out.push_back("--" + name);
    for (const std::string& name : option.get_snames()) out.push_back("-" + name);
    return out;
}

std::string words_of(const CLI::App& command) {
    std::string out;
    for (const CLI::Option* option : all_options(command)) {
        for (const std::string& spelling : spellings(*option)) out += spelling + " ";
    }
    for (const std::string& word : first_words(command)) out += word + " ";
    return out + "--help";
}

/// In single quotes.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string names_of(const CLI::App& root) {
    std::string out;
    for (const CLI::App* command : commands_of(root)) out += command->get_name() + " ";
    return out + "--version --help";
}

/// Cases of bash and zsh that set $command to the word they match.
std::string command_cases(const CLI::App& root) {
    std::string out;
    for (const CLI::App* command : commands_of(root))
        out += fmt::format("        {0}) command={0} ;;\n", command->get_name());
    return out;
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
    std::string out =
        "# bash completion for npuscribe\n"
        "_npuscribe() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=transcribe "
        "words\n"
        "    COMPREPLY=()\n"
        "    case ${COMP_WORDS[1]} in\n";
    out += command_cases(root);
    out +=
        "    esac\n"
        "    case $command:$previous in\n";
    for (const CLI::App* command : commands_of(root)) {
        for (const CLI::Option* option : all_options(*command)) {
            if (is_switch(*option)) continue;
            std::string pattern;
            for (const std::string& spelling : spellings(*option))
                pattern += fmt::format("{}{}:{}", pattern.empty() ? "" : "|", command->get_name(), spelling);
            if (!choices(*option).empty()) {
                out += fmt::format("        {}) COMPREPLY=($(compgen -W {} -- \"$current\")); return ;;\n",
                                   pattern, quoted(fmt::format("{}", fmt::join(choices(*option), " "))));
            } else if (takes_file(*option)) {
                out += fmt::format(
                    "        {}) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$current\")); return "
                    ";;\n",
                    pattern);
            } else {
                out += fmt::format("        {}) return ;;\n", pattern);
            }
        }
    }
    out +=
        "    esac\n"
        "    case $command in\n";
    for (const CLI::App* command : commands_of(root))
        out += fmt::format("        {}) words={} ;;\n", command->get_name(), quoted(words_of(*command)));
    out += fmt::format(
        "    esac\n"
        "    [[ $COMP_CWORD -eq 1 ]] && words=\"$words {}\"\n"
        "    if [[ $current == -* || ( $command != transcribe && $COMP_CWORD -gt 1 ) ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "    else\n"
        "        compopt -o filenames\n"
        "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
        "        [[ $COMP_CWORD -eq 1 ]] && COMPREPLY+=($(compgen -W {} -- \"$current\"))\n"
        "    fi\n"
        "}}\n"
        "complete -F _npuscribe npuscribe\n",
        names_of(root), quoted(names_of(root)));
    return out;
}

std::string zsh_completion(const CLI::App& root) {
    const auto escaped = [](const std::string& text) {
        std::string out;
        for (const char c : text) {
            if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    };
    const auto specification = [&](const std::string& spelling, const CLI::Option& option) {
        std::string value;
        if (!is_switch(option)) {
            value = fmt::format(":{}:", escaped(value_name(option)));
            if (!choices(option).empty())
                value += fmt::format("({})", fmt::join(choices(option), " "));
            else if (takes_file(option))
                value += "_files";
        }
        return quoted(fmt::format("*{}[{}]{}", spelling, escaped(option.get_description()), value));
    };
    std::string out =
        "#compdef npuscribe\n"
        "# zsh completion for npuscribe\n"
        "_npuscribe() {\n"
        "    local command=transcribe\n"
        "    (( CURRENT > 2 )) && case $words[2] in\n";
    out += command_cases(root);
    out += fmt::format(
        "    esac\n"
        "    (( CURRENT == 2 )) && compadd -- {}\n"
        "    case $command in\n",
        names_of(root));
    for (const CLI::App* command : commands_of(root)) {
        out += fmt::format("        {})\n            _arguments -S", command->get_name());
        for (const CLI::Option* option : all_options(*command)) {
            for (const std::string& spelling : spellings(*option))
                out += " \\\n                " + specification(spelling, *option);
        }
        const std::string rest =
            first_words(*command).empty()
                ? std::string("*:file:_files")
                : fmt::format("*:word:({} {})", command->get_name(), fmt::join(first_words(*command), " "));
        out += fmt::format(" \\\n                {} ;;\n", quoted(rest));
    }
    return out +
           "    esac\n"
           "}\n"
           "_npuscribe \"$@\"\n";
}

std::string fish_completion(const CLI::App& root) {
    std::string others;
    for (const CLI::App* command : commands_of(root)) {
        if (command != commands_of(root).front()) others += (others.empty() ? "" : " ") + command->get_name();
    }
    std::string out = "# fish completion for npuscribe\n";
    for (const CLI::App* command : commands_of(root)) {
        out += fmt::format("complete -c npuscribe -n __fish_use_subcommand -a {} -d {}\n",
                           command->get_name(), quoted(summary(*command)));
    }
    out += "complete -c npuscribe -n __fish_use_subcommand -l version -d 'Print the version'\n";
    out += "complete -c npuscribe -s h -l help -d 'Print help'\n";
    for (const CLI::App* command : commands_of(root)) {
        const bool implied = command == commands_of(root).front();
        const std::string where = implied
                                      ? fmt::format("'not __fish_seen_subcommand_from {}'", others)
                                      : fmt::format("'__fish_seen_subcommand_from {}'", command->get_name());
        if (!first_words(*command).empty()) {
            out += fmt::format("complete -c npuscribe -f -n {} -a {}\n", where,
                               quoted(fmt::format("{}", fmt::join(first_words(*command), " "))));
        }
        for (const CLI::Option* option : all_options(*command)) {
            std::string value;
            if (!choices(*option).empty())
                value = " -x -a " + quoted(fmt::format("{}", fmt::join(choices(*option), " ")));
            else if (!is_switch(*option))
                value = takes_file(*option) ? " -r" : " -x";
            const std::string short_name =
                option->get_snames().empty() ? "" : fmt::format(" -s {}", option->get_snames().front());
            out += fmt::format("complete -c npuscribe -n {}{} -l {}{} -d {}\n", where, short_name,
                               name(*option), value, quoted(option->get_description()));
            if (is_switch(*option))
                out += fmt::format("complete -c npuscribe -n {} -l no-{} -d {}\n", where, name(*option),
                                   quoted("Do not: " + option->get_description()));
        }
    }
    return out;
}

}  // namespace npuscribe::app
