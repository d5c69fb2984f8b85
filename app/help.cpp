#include "help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "base/text.h"
#include "command_line.h"
#include "option.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kColumn = 32;  // of the descriptions

/// `left`, and the words of `text` beside it from `column` on; on the lines below it if `left` is too long.
std::string row(const std::string& left, const std::string& text, size_t column) {
    std::string out = left;
    size_t at = columns_of(left);
    bool begins = true;
    std::istringstream words(text);
    for (std::string word; words >> word; begins = false) {
        const size_t width = columns_of(word);
        const bool fits = begins ? at + 2 <= std::max<size_t>(column, 2) : at + 1 + width <= kWidth;
        if (!fits) {
            out += '\n';
            at = 0;
        }
        const size_t gap = begins || !fits ? column - at : 1;
        out += std::string(gap, ' ') + word;
        at += gap + width;
    }
    return out + '\n';
}

/// Each line of `text` is a paragraph; one that begins with spaces stays as it is.
std::string paragraphs(const std::string& text) {
    std::string out;
    for (const std::string_view line : split(text, '\n'))
        out += line.starts_with(' ') ? std::string(line) + '\n' : row("", std::string(line), 0);
    return out;
}

std::string list(const CLI::App& app) {
    std::string out = "\nCommands:\n";
    for (const CLI::App* command : commands_of(app))
        out += row("  " + command->get_name(), summary(*command), 14);
    return out;
}

struct Everyday {
    std::string_view name;
    std::string_view gist;  // in 48 columns, with the default; --help-all has the whole description
};
constexpr Everyday kEveryday[] = {
    {"model", "Use this model (default: base)"},
    {"language", "Expect this language: de, German (default: auto)"},
    {"task", "transcribe, or translate into English"},
    {"recursive", "Look for audio in subdirectories, too"},
    {"channel", "mix, left, right, or split for two speakers"},
    {"output-format", "Write files: txt, srt, vtt, json, html, ..."},
    {"output-dir", "Write them to DIR; -: one of them to stdout"},
    {"skip-existing", "Skip inputs whose output files already exist"},
    {"print-timestamps", "Print times before the text on stdout"},
    {"quiet", "Print nothing but errors on stderr"},
    {"device", "auto, cpu or npu (default: auto)"},
    {"threads", "Use N CPU threads (default: all)"},
    {"initial-prompt", "Names and spellings to expect, for example"},
    {"word-timestamps", "Find when each word is spoken"},
    {"subtitles", "Cut srt and vtt as broadcasters do"},
};

std::string beside(const CLI::Option& option, const std::string& text) {
    return row("  " + (letter(option).empty() ? "    " : letter(option)) + usage(option), text, kColumn);
}

std::string option_row(const CLI::Option& option) {
    const std::string value = option.get_default_str();
    const bool shown = is_switch(option) ? value == "true" : !value.empty();
    return beside(option, option.get_description() +
                              (shown ? fmt::format(" (default: {})", default_value(option)) : ""));
}

std::string everyday(const CLI::App& command) {
    std::string out = "\nOptions:\n";
    for (const CLI::Option* option : options_of(command)) {
        const auto found = std::find_if(std::begin(kEveryday), std::end(kEveryday),
                                        [&](const Everyday& each) { return each.name == name(*option); });
        if (found != std::end(kEveryday)) out += beside(*option, std::string(found->gist));
    }
    return out;
}

std::string under_headings(const CLI::App& command) {
    std::string out;
    std::string group;
    for (const CLI::Option* option : options_of(command)) {
        if (option->get_group() != group) {
            group = option->get_group();
            out += fmt::format("\n{}:\n", group);
        }
        out += option_row(*option);
    }
    return out;
}

}  // namespace

std::vector<std::string_view> everyday_options() {
    std::vector<std::string_view> out;
    for (const Everyday& each : kEveryday) out.push_back(each.name);
    return out;
}

std::string usage_line(const CLI::App& command) {
    std::string out = full_name(command) + (options_of(command).empty() ? "" : " [OPTIONS]");
    if (!commands_of(command).empty()) out += " COMMAND";
    for (const CLI::Option* argument : command.get_options()) {
        if (!argument->get_positional()) continue;
        const std::string shown =
            argument->get_name() + (argument->get_items_expected_max() > 1 ? "..." : "");
        out += argument->get_required() ? " " + shown : " [" + shown + "]";
    }
    return out;
}

std::string Help::make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const {
    const bool root = app->get_parent() == nullptr;
    const CLI::App& shown = root && !commands_of(*app).empty() ? *commands_of(*app).front() : *app;
    std::string out =
        fmt::format("Usage: {}\n",
                    root ? "npuscribe [OPTIONS] INPUT...\n       npuscribe COMMAND ..." : usage_line(shown));
    out += "\n" + paragraphs(shown.get_description());
    std::string arguments;
    for (const CLI::Option* option : shown.get_options()) {
        if (option->get_positional()) arguments += make_option(option, true);
    }
    if (!arguments.empty()) out += "\nArguments:\n" + arguments;
    if (!commands_of(*app).empty()) out += list(*app);
    const bool brief = mode != CLI::AppFormatMode::All && shown.get_name() == "transcribe";
    out += brief ? everyday(shown) : under_headings(shown);
    if (root) {
        if (!brief) out += "\nGeneral:\n";
        for (const char* each : {"--help", "--help-all", "--version"}) {
            if (const CLI::Option* option = app->get_option_no_throw(each)) out += make_option(option, false);
        }
    }
    if (brief)
        out +=
            fmt::format("\nnpuscribe --help-all shows all {} options, and npuscribe man the manual page.\n",
                        options_of(shown).size());
    const std::string& footer = shown.get_footer();
    const size_t examples = footer.find("Examples:");
    if (brief && examples != std::string::npos) return out + "\n" + paragraphs(footer.substr(examples));
    if (!shown.get_footer().empty()) out += "\n" + paragraphs(shown.get_footer());
    return out;
}

std::string Help::make_option(const CLI::Option* option, bool is_positional) const {
    if (is_positional) return row("  " + option->get_name(), option->get_description(), 14);
    return option_row(*option);
}

}  // namespace npuscribe::app
