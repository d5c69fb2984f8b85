#include <spdlog/fmt/fmt.h>

#include "base/utf8.h"
#include "exit_code.h"
#include "reference.h"
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

std::string with_default(const Option& option) {
    const std::string given = option.binding.get();
    if (option.is_switch()) return option.help + (given == "true" ? " (default: on)" : "");
    return option.help + (given.empty() ? "" : fmt::format(" (default: {})", given));
}

bool is_on(const Option& option) {
    return option.is_switch() && option.binding.get() == "true";
}

std::string options_section(const CommandReference& command) {
    std::string out;
    std::string group;
    for (const Option& option : command.options) {
        if (option.group != group) {
            group = option.group;
            out += fmt::format(".SS {}\n", roff(group));
        }
        const std::string letter = option.letter != 0 ? fmt::format("\\fB\\-{}\\fR, ", option.letter) : "";
        const std::string name = (is_on(option) ? "--[no-]" : "--") + option.name;
        const std::string value = option.is_switch() ? "" : fmt::format(" \\fI{}\\fR", roff(option.value));
        out +=
            fmt::format(".TP\n{}\\fB{}\\fR{}\n{}\n", letter, roff(name), value, roff(with_default(option)));
    }
    return out;
}

struct Code {
    ExitCode code;
    const char* meaning;
};
constexpr Code kCodes[] = {
    {kDone, "all done"},
    {kSomeFailed, "some inputs failed, the others are done"},
    {kUsage, "the command line makes no sense"},
    {kUnavailable, "the device or the model is not there"},
    {kInterrupted, "interrupted; what was finished is written"},
};

struct Variable {
    const char* name;
    const char* meaning;
};
constexpr Variable kVariables[] = {
    {"NPUSCRIBE_MODELS",
     "where fetched models are kept; else npuscribe/models in $XDG_CACHE_HOME or ~/.cache"},
    {"NPUSCRIBE_XCLBIN_DIR", "where the NPU's array programs are"},
    {"NPUSCRIBE_NPU_INDEX", "which NPU, counted from 0"},
    {"NPUSCRIBE_NPU_TIMEOUT", "seconds after which a run on the NPU is given up"},
    {"NPUSCRIBE_MAX_ISA", "the best vector instructions to use: baseline, avx2, avx512, bf16 or amx"},
    {"NO_COLOR", "where set, nothing is coloured"},
};

}  // namespace

std::string man_page(const Reference& reference) {
    const auto& commands = reference.commands();
    std::string out = fmt::format(
        ".TH NPUSCRIBE 1 \"\" \"npuscribe {}\" \"User Commands\"\n"
        ".SH NAME\nnpuscribe \\- transcribes speech with Whisper, on an AMD XDNA2 NPU or a CPU\n"
        ".SH SYNOPSIS\n",
        version());
    for (const CommandReference& command : commands) out += fmt::format(".B {}\n.br\n", roff(command.usage));
    out +=
        ".B npuscribe \\-\\-version\n"
        ".SH DESCRIPTION\n"
        "Transcribes audio files, whole directories of them, or standard input (\\-). Transcripts go to "
        "standard "
        "output, everything else to standard error. Files are written whole or not at all.\n.PP\n"
        "Names of options are openai\\-whisper's; an underscore is as good as a hyphen.\n"
        ".SH COMMANDS\n";
    for (const CommandReference& command : commands)
        out += fmt::format(".TP\n.B {}\n{}\n", roff(command.name), roff(command.summary));
    for (const CommandReference& command : commands) {
        if (command.options.empty()) continue;
        const bool implied = &command == &commands.front();
        out += fmt::format(
            ".SH \"{}OPTIONS\"\n",
            implied ? std::string() : fmt::format("{} ", fmt::format("NPUSCRIBE {}", command.name)));
        out += options_section(command);
    }
    out += ".SH \"EXIT STATUS\"\n";
    for (const Code& code : kCodes)
        out += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(code.code), roff(code.meaning));
    out += ".SH ENVIRONMENT\n";
    for (const Variable& variable : kVariables)
        out += fmt::format(".TP\n.B {}\n{}\n", variable.name, roff(variable.meaning));
    out +=
        ".SH FILES\n.TP\n.I $XDG_CONFIG_HOME/npuscribe/config.toml\n"
        "or ~/.config/npuscribe/config.toml: defaults of your own, a line an option: language = \"de\"\n"
        ".SH EXAMPLES\n"
        ".TP\n.B npuscribe speech.flac\nthe transcript on standard output, the timing on standard error\n"
        ".TP\n.B npuscribe \\-l de \\-f srt,json \\-o out \\-r recordings/\n"
        "subtitles and JSON for every recording in a directory and below it\n";
    return out;
}

std::string option_table(const Reference& reference) {
    const auto cell = [](std::string text) {
        for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
        return text;
    };
    std::string out = "| option | what it does | default |\n| --- | --- | --- |\n";
    for (const Option& option : reference.commands().front().options) {
        const std::string letter = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "";
        const std::string name = (is_on(option) ? "--[no-]" : "--") + option.name;
        const std::string value = option.is_switch() ? "" : " " + option.value;
        const std::string given = option.binding.get();
        const std::string otherwise = option.is_switch() ? (given == "true" ? "on" : "off") : given;
        out += fmt::format("| `{}` | {} | {} |\n", cell(letter + name + value), cell(option.help),
                           cell(otherwise));
    }
    return out;
}

}  // namespace npuscribe::app
