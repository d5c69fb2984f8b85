// Completions for shells. Each is a script of its own that knows every option; nothing is asked of npuscribe
// while typing.

#include <spdlog/fmt/fmt.h>

#include "reference.h"

namespace npuscribe::app {
namespace {

bool takes_file(const Option& option) {
    return option.value.find("FILE") != std::string::npos || option.value.find("DIR") != std::string::npos;
}

/// "--output-dir", "-o"; "--vad", "--no-vad".
std::vector<std::string> spellings(const Option& option) {
    std::vector<std::string> out = {"--" + option.name};
    if (option.letter != 0) out.push_back(std::string{'-', option.letter});
    if (option.is_switch()) out.push_back("--no-" + option.name);
    return out;
}

std::string words_of(const CommandReference& command) {
    std::string out;
    for (const Option& option : command.options) {
        for (const std::string& spelling : spellings(option)) out += spelling + " ";
    }
    for (const std::string& word : command.words) out += word + " ";
    return out + "--help";
}

/// In single quotes.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string names_of(const Reference& reference) {
    std::string out;
    for (const CommandReference& command : reference.commands()) out += command.name + " ";
    return out + "--version --help";
}

/// Cases of bash and zsh that set $command to the word they match.
std::string command_cases(const Reference& reference) {
    std::string out;
    for (const CommandReference& command : reference.commands())
        out += fmt::format("        {0}) command={0} ;;\n", command.name);
    return out;
}

}  // namespace

std::string bash_completion(const Reference& reference) {
    std::string out =
        "# bash completion for npuscribe\n"
        "_npuscribe() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=transcribe "
        "words\n"
        "    COMPREPLY=()\n"
        "    case ${COMP_WORDS[1]} in\n";
    out += command_cases(reference);
    out +=
        "    esac\n"
        "    case $command:$previous in\n";
    for (const CommandReference& command : reference.commands()) {
        for (const Option& option : command.options) {
            if (option.is_switch()) continue;
            std::string pattern;
            for (const std::string& spelling : spellings(option))
                pattern += fmt::format("{}{}:{}", pattern.empty() ? "" : "|", command.name, spelling);
            if (!option.binding.choices.empty()) {
                out +=
                    fmt::format("        {}) COMPREPLY=($(compgen -W {} -- \"$current\")); return ;;\n",
                                pattern, quoted(fmt::format("{}", fmt::join(option.binding.choices, " "))));
            } else if (takes_file(option)) {
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
    for (const CommandReference& command : reference.commands())
        out += fmt::format("        {}) words={} ;;\n", command.name, quoted(words_of(command)));
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
        names_of(reference), quoted(names_of(reference)));
    return out;
}

std::string zsh_completion(const Reference& reference) {
    const auto escaped = [](const std::string& text) {
        std::string out;
        for (const char c : text) {
            if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    };
    const auto specification = [&](const std::string& spelling, const Option& option) {
        std::string value;
        if (!option.is_switch()) {
            value = fmt::format(":{}:", escaped(option.value));
            if (!option.binding.choices.empty())
                value += fmt::format("({})", fmt::join(option.binding.choices, " "));
            else if (takes_file(option))
                value += "_files";
        }
        return quoted(fmt::format("*{}[{}]{}", spelling, escaped(option.help), value));
    };
    std::string out =
        "#compdef npuscribe\n"
        "# zsh completion for npuscribe\n"
        "_npuscribe() {\n"
        "    local command=transcribe\n"
        "    (( CURRENT > 2 )) && case $words[2] in\n";
    out += command_cases(reference);
    out += fmt::format(
        "    esac\n"
        "    (( CURRENT == 2 )) && compadd -- {}\n"
        "    case $command in\n",
        names_of(reference));
    for (const CommandReference& command : reference.commands()) {
        out += fmt::format("        {})\n            _arguments -S", command.name);
        for (const Option& option : command.options) {
            for (const std::string& spelling : spellings(option))
                out += " \\\n                " + specification(spelling, option);
        }
        const std::string rest = command.words.empty() ? std::string("*:file:_files")
                                                       : fmt::format("*:word:({} {})", command.name,
                                                                     fmt::join(command.words, " "));
        out += fmt::format(" \\\n                {} ;;\n", quoted(rest));
    }
    return out +
           "    esac\n"
           "}\n"
           "_npuscribe \"$@\"\n";
}

std::string fish_completion(const Reference& reference) {
    std::string others;
    for (const CommandReference& command : reference.commands()) {
        if (&command != &reference.commands().front()) others += (others.empty() ? "" : " ") + command.name;
    }
    std::string out = "# fish completion for npuscribe\n";
    for (const CommandReference& command : reference.commands()) {
        out += fmt::format("complete -c npuscribe -n __fish_use_subcommand -a {} -d {}\n", command.name,
                           quoted(command.summary));
    }
    out += "complete -c npuscribe -n __fish_use_subcommand -l version -d 'print the version'\n";
    out += "complete -c npuscribe -s h -l help -d 'print help'\n";
    for (const CommandReference& command : reference.commands()) {
        const bool implied = &command == &reference.commands().front();
        const std::string where = implied ? fmt::format("'not __fish_seen_subcommand_from {}'", others)
                                          : fmt::format("'__fish_seen_subcommand_from {}'", command.name);
        if (!command.words.empty()) {
            out += fmt::format("complete -c npuscribe -f -n {} -a {}\n", where,
                               quoted(fmt::format("{}", fmt::join(command.words, " "))));
        }
        for (const Option& option : command.options) {
            const std::string letter = option.letter != 0 ? fmt::format(" -s {}", option.letter) : "";
            std::string value;
            if (!option.binding.choices.empty())
                value = " -x -a " + quoted(fmt::format("{}", fmt::join(option.binding.choices, " ")));
            else if (!option.is_switch())
                value = takes_file(option) ? " -r" : " -x";
            out += fmt::format("complete -c npuscribe -n {}{} -l {}{} -d {}\n", where, letter, option.name,
                               value, quoted(option.help));
            if (option.is_switch())
                out += fmt::format("complete -c npuscribe -n {} -l no-{} -d {}\n", where, option.name,
                                   quoted("not: " + option.help));
        }
    }
    return out;
}

}  // namespace npuscribe::app
