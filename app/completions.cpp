// Completions for shells. Each script knows every option and the catalog, and looks into the directory of
// models, so that npuscribe does not run while one types.

#include "reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "command_line.h"
#include "completion_values.h"
#include "option.h"

namespace npuscribe::app {
namespace {

/// The options of a command and of those below it, each name once.
std::vector<const CLI::Option*> all_options(const CLI::App& command) {
    std::vector<const CLI::Option*> out = options_of(command);
    for (const CLI::App* below : commands_of(command)) {
        for (const CLI::Option* option : all_options(*below)) {
            const auto same = [&](const CLI::Option* other) { return name(*other) == name(*option); };
            if (std::none_of(out.begin(), out.end(), same)) out.push_back(option);
        }
    }
    return out;
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

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
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

/// "model:fetch|model:info", each after `prefix`: commands whose argument is a model.
std::string model_commands(const CLI::App& root, const std::string& prefix = "") {
    std::vector<std::string> out;
    for (const CLI::App* command : commands_of(root)) {
        for (const CLI::App* below : commands_on_models(*command))
            out.push_back(prefix + command->get_name() + ":" + below->get_name());
    }
    return fmt::format("{}", fmt::join(out, "|"));
}

/// What bash runs for an option's value.
std::string bash_value(const CLI::Option& option) {
    const ValueCompletion value = completion_of(option);
    if (value.models) return "_npuscribe_models";
    if (value.list) return "_npuscribe_list " + shell_quoted(joined(value.words));
    if (value.directories) return "_npuscribe_files -d";
    if (value.files) return "_npuscribe_files -f " + shell_quoted(joined(value.words));
    if (!value.words.empty()) return "_npuscribe_words " + shell_quoted(joined(value.words));
    return ":";
}

/// The action of zsh's _arguments for an option's value.
std::string zsh_value(const CLI::Option& option) {
    const ValueCompletion value = completion_of(option);
    if (value.models) return "_npuscribe_models";
    if (value.list) return "_values -s , format " + joined(value.words);
    if (value.directories) return "_files -/";
    if (value.files) return "_files";
    return value.words.empty() ? "" : fmt::format("({})", joined(value.words));
}

std::string fish_value(const CLI::Option& option) {
    const ValueCompletion value = completion_of(option);
    if (is_switch(option)) return "";
    if (value.models) return " -r -a '(__npuscribe_models)'";
    if (value.list) return fmt::format(" -x -a '(__npuscribe_list {})'", joined(value.words));
    if (value.directories) return " -x -a '(__fish_complete_directories)'";
    if (value.files) return value.words.empty() ? " -r" : " -r -a " + shell_quoted(joined(value.words));
    return value.words.empty() ? " -x" : " -x -a " + shell_quoted(joined(value.words));
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
    std::string out = fmt::format(
        R"(# bash completion for npuscribe
_npuscribe_words() {{ mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }}
_npuscribe_files() {{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$current"; compgen -W "${{2-}}" -- "$current")
}}
_npuscribe_list() {{
    local before=
    [[ $current == *,* ]] && before=${{current%,*}},
    compopt -o nospace 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${{current##*,}}")
}}
_npuscribe_models() {{
    local directory=${{NPUSCRIBE_MODELS:-${{XDG_CACHE_HOME:-$HOME/.cache}}/npuscribe/models}} model names={}
    for model in "$directory"/*/ "$directory"/*.npuscribe; do
        [[ -e $model ]] || continue
        model=${{model%/}} model=${{model##*/}}
        [[ " $names " == *" ${{model%.npuscribe}} "* ]] || names+=" ${{model%.npuscribe}}"
    done
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current"; compgen -f -- "$current")
}}
_npuscribe() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=transcribe words
    [[ $current == = ]] && current=
    [[ $previous == = ]] && previous=${{COMP_WORDS[COMP_CWORD-2]}}
    COMPREPLY=()
    case ${{COMP_WORDS[1]}} in
)",
        shell_quoted(joined(model_names())));
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
            out += fmt::format("        {}) {}; return ;;\n", pattern, bash_value(*option));
        }
    }
    out +=
        "    esac\n"
        "    case $command in\n";
    for (const CLI::App* command : commands_of(root))
        out +=
            fmt::format("        {}) words={} ;;\n", command->get_name(), shell_quoted(words_of(*command)));
    out += fmt::format(
        R"(    esac
    [[ $COMP_CWORD -eq 1 ]] && words="$words {0}"
    if [[ $current != -* ]]; then
        case $COMP_CWORD:$command:${{COMP_WORDS[2]}} in
            {1}) _npuscribe_models; return ;;
        esac
    fi
    if [[ $current == -* || ( $command != transcribe && $COMP_CWORD -gt 1 ) ]]; then
        _npuscribe_words "$words"
    elif [[ $COMP_CWORD -eq 1 ]]; then
        _npuscribe_files -f {2}
    else
        _npuscribe_files -f
    fi
}}
complete -F _npuscribe npuscribe
)",
        names_of(root), model_commands(root, "[3-9]:"), shell_quoted(names_of(root)));
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
        const std::string value =
            is_switch(option) ? "" : fmt::format(":{}:{}", escaped(value_name(option)), zsh_value(option));
        // "-o FILE" and "--output=FILE" alike.
        const char* joins = is_switch(option) ? "" : spelling.starts_with("--") ? "=" : "+";
        return shell_quoted(
            fmt::format("*{}{}[{}]{}", spelling, joins, escaped(option.get_description()), value));
    };
    std::string out = fmt::format(
        R"(#compdef npuscribe
# zsh completion for npuscribe
_npuscribe_models() {{
    local directory=${{NPUSCRIBE_MODELS:-${{XDG_CACHE_HOME:-$HOME/.cache}}/npuscribe/models}}
    local -a names=({} $directory/*(N-/:t) $directory/*.npuscribe(N:t:r))
    compadd -- ${{(u)names}}
    _files
}}
_npuscribe() {{
    local command=transcribe
    (( CURRENT > 2 )) && case $words[2] in
)",
        joined(model_names()));
    out += command_cases(root);
    out += fmt::format(
        "    esac\n"
        "    (( CURRENT == 2 )) && compadd -- {}\n"
        "    if (( CURRENT > 3 )) && [[ $words[CURRENT] != -* && $command:$words[3] == ({}) ]]; then\n"
        "        _npuscribe_models\n"
        "        return\n"
        "    fi\n"
        "    case $command in\n",
        names_of(root), model_commands(root));
    for (const CLI::App* command : commands_of(root)) {
        out += fmt::format("        {})\n            _arguments -S", command->get_name());
        for (const CLI::Option* option : all_options(*command)) {
            for (const std::string& spelling : spellings(*option))
                out += " \\\n                " + specification(spelling, *option);
        }
        const std::string rest =
            first_words(*command).empty()
                ? std::string("*:file:_files")
                : fmt::format("*:word:({} {})", command->get_name(), joined(first_words(*command)));
        out += fmt::format(" \\\n                {} ;;\n", shell_quoted(rest));
    }
    // As an autoloaded function it completes at once; sourced, it is registered.
    return out +
           "    esac\n"
           "}\n"
           "if [[ $funcstack[1] == _npuscribe ]]; then\n"
           "    _npuscribe \"$@\"\n"
           "else\n"
           "    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -D -u }\n"
           "    compdef _npuscribe npuscribe\n"
           "fi\n";
}

std::string fish_completion(const CLI::App& root) {
    std::string others;
    for (const CLI::App* command : commands_of(root)) {
        if (command != commands_of(root).front()) others += (others.empty() ? "" : " ") + command->get_name();
    }
    std::string out = fmt::format(
        R"(# fish completion for npuscribe
function __npuscribe_models
    set -l directory $HOME/.cache/npuscribe/models
    set -q XDG_CACHE_HOME; and set directory $XDG_CACHE_HOME/npuscribe/models
    set -q NPUSCRIBE_MODELS; and set directory $NPUSCRIBE_MODELS
    printf '%s\n' {}
    for model in $directory/*/ $directory/*.npuscribe
        string replace -r '.*/([^/]+?)(\.npuscribe)?/?$' '$1' -- $model
    end
end
function __npuscribe_list
    set -l before (string replace -r '^--?[^=]*=' '' -- (commandline -ct) | string match -r '^.*,')
    printf "$before%s\n" $argv
end
)",
        joined(model_names()));
    for (const CLI::App* command : commands_of(root)) {
        out += fmt::format("complete -c npuscribe -n __fish_use_subcommand -a {} -d {}\n",
                           command->get_name(), shell_quoted(summary(*command)));
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
                               shell_quoted(joined(first_words(*command))));
        }
        for (const CLI::App* below : commands_on_models(*command)) {
            out += fmt::format(
                "complete -c npuscribe -n '__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from "
                "{}' -a "
                "'(__npuscribe_models)'\n",
                command->get_name(), below->get_name());
        }
        for (const CLI::Option* option : all_options(*command)) {
            const std::string short_name =
                option->get_snames().empty() ? "" : fmt::format(" -s {}", option->get_snames().front());
            out += fmt::format("complete -c npuscribe -n {}{} -l {}{} -d {}\n", where, short_name,
                               name(*option), fish_value(*option), shell_quoted(option->get_description()));
            if (is_switch(*option))
                out += fmt::format("complete -c npuscribe -n {} -l no-{} -d {}\n", where, name(*option),
                                   shell_quoted("Do not: " + option->get_description()));
        }
    }
    return out;
}

}  // namespace npuscribe::app
