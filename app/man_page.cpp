#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "command_line.h"
#include "exit_code.h"
#include "help.h"
#include "option.h"
#include "reference.h"
#include "simd/isa.h"
#include "version.h"

namespace npuscribe::app {
namespace {

/// Text as man(7) prints it unchanged.
std::string roff(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const utf8::Character character = utf8::first(text);
        const char c = text.front();
        if (character.code >= 0x80) {
            out += fmt::format("\\[u{:04X}]", static_cast<uint32_t>(character.code));
        } else if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
            out += c;
        }
        text.remove_prefix(character.size);
    }
    return out;
}

std::string options_section(const CLI::App& command) {
    std::string out;
    std::string group;
    for (const CLI::Option* option : options_of(command)) {
        if (option->get_group() != group) {
            group = option->get_group();
            out += fmt::format(".SS {}\n", roff(group));
        }
        const std::string value = default_value(*option);
        const bool shown = is_switch(*option) ? value == "on" : !value.empty();
        out += fmt::format(".TP\n\\fB{}{}\\fR\n{}{}\n", roff(letter(*option)), roff(usage(*option)),
                           roff(option->get_description()),
                           shown ? roff(fmt::format(" (default: {})", value)) : "");
    }
    return out;
}

/// The root's commands, each followed by those below it.
void flatten(const CLI::App& app, std::vector<const CLI::App*>& out) {
    for (const CLI::App* command : commands_of(app)) {
        out.push_back(command);
        flatten(*command, out);
    }
}

struct Code {
    ExitCode code;
    const char* meaning;
};
constexpr Code kCodes[] = {
    {kDone, "all done"},
    {kSomeFailed, "some inputs failed; the others are done"},
    {kUsage, "the command line was wrong: an unknown option, or a value or an input that cannot be used"},
    {kUnavailable, "the device or the model is not available"},
    {kInterrupted, "interrupted (SIGINT, Ctrl-C); outputs of finished inputs are written"},
    {kTerminated, "the same by SIGTERM"},
};

struct Variable {
    const char* name;
    const char* meaning;
};
// {isa} stands for the names of the instruction sets.
constexpr Variable kVariables[] = {
    {"NPUSCRIBE_MODELS",
     "directory of fetched models; without it, npuscribe/models in $XDG_CACHE_HOME or ~/.cache"},
    {"NPUSCRIBE_XCLBIN_DIR", "directory of the NPU's array programs"},
    {"NPUSCRIBE_NPU_INDEX", "number of the NPU to use, counted from 0"},
    {"NPUSCRIBE_NPU_TIMEOUT", "seconds to wait for a run on the NPU before it fails"},
    {"NPUSCRIBE_MAX_ISA", "limit for the vector instructions to use: {isa}"},
    {"NO_COLOR", "if set, neither messages nor words are coloured"},
};

/// "baseline, avx2, …": all that NPUSCRIBE_MAX_ISA can be.
std::string isa_names() {
    std::vector<std::string_view> names;
    for (size_t level = 0; level <= static_cast<size_t>(simd::Isa::amx); ++level)
        names.push_back(simd::name(static_cast<simd::Isa>(level)));
    return list_words(names);
}

}  // namespace

std::string man_page(const CLI::App& root) {
    std::vector<const CLI::App*> commands;
    flatten(root, commands);
    std::string out = fmt::format(
        ".TH NPUSCRIBE 1 \"\" \"npuscribe {}\" \"User Commands\"\n"
        ".SH NAME\nnpuscribe \\- transcribe speech with Whisper, on an AMD XDNA2 NPU or a CPU\n"
        ".SH SYNOPSIS\n.B npuscribe [OPTIONS] INPUT...\n.br\n",
        version());
    for (const CLI::App* command : commands_of(root))
        out += fmt::format(".B {}\n.br\n", roff(usage_line(*command)));
    out +=
        ".B npuscribe \\-\\-version\n"
        ".SH DESCRIPTION\n"
        "Transcribes audio files, whole directories of them, or standard input (\\-). Transcripts go to "
        "standard output, and everything else to standard error. Each output file is written completely or "
        "not at all.\n.PP\n"
        "Options have openai\\-whisper's names, with hyphens or underscores.\n"
        ".SH COMMANDS\n";
    for (const CLI::App* command : commands)
        out += fmt::format(".TP\n.B {}\n{}\n", roff(full_name(*command)), roff(summary(*command)));
    for (const CLI::App* command : commands) {
        if (options_of(*command).empty()) continue;
        const bool implied = command == commands.front();
        out += fmt::format(".SH \"{}OPTIONS\"\n", implied ? "" : roff(full_name(*command)) + " ");
        out += options_section(*command);
    }
    out += ".SH \"EXIT STATUS\"\n";
    for (const Code& code : kCodes)
        out += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(code.code), roff(code.meaning));
    out += ".SH ENVIRONMENT\n";
    for (const Variable& variable : kVariables)
        out += fmt::format(".TP\n.B {}\n{}\n", variable.name,
                           roff(fmt::format(fmt::runtime(variable.meaning), fmt::arg("isa", isa_names()))));
    out +=
        ".SH FILES\n.TP\n.I $XDG_CONFIG_HOME/npuscribe/config.toml\n"
        "or ~/.config/npuscribe/config.toml: your own defaults in TOML, one option a line, such as language "
        "= \"de\"\n"
        ".SH EXAMPLES\n"
        ".TP\n.B npuscribe speech.flac\nPrint the transcript on standard output, and language and time on "
        "standard error\n"
        ".TP\n.B npuscribe \\-l de \\-f srt,json \\-o out \\-r recordings/\n"
        "Write subtitles and JSON for every recording in a directory and its subdirectories\n";
    return out;
}

std::string option_table(const CLI::App& root) {
    const auto cell = [](std::string text) {
        for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
        return text;
    };
    std::string out = "| Option | What it does | Default |\n| --- | --- | --- |\n";
    for (const CLI::Option* option : options_of(*commands_of(root).front()))
        out += fmt::format("| `{}` | {} | {} |\n", cell(letter(*option) + usage(*option)),
                           cell(option->get_description()), cell(default_value(*option)));
    return out;
}

}  // namespace npuscribe::app
