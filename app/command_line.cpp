#include "command_line.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "spelling.h"

namespace npuscribe::app {
namespace {

bool is_truth(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::set<std::string> words = {"true", "false", "yes", "no", "on", "off"};
    return words.contains(word);
}

const Option* find(std::span<const Option> options, std::string_view typed) {
    for (const Option& option : options) {
        if (typed == "--" + option.name) return &option;
        if (option.letter != 0 && typed == std::string{'-', option.letter}) return &option;
    }
    return nullptr;
}

std::string usage(const Option& option) {
    return "--" + option.name + (option.is_switch() ? "" : " " + option.value);
}

// whisper.cpp's times: whole milliseconds.
std::string in_seconds(const std::string& typed, const std::string& milliseconds) {
    constexpr long long kLongest = 10'000'000'000;
    try {
        return to_text(static_cast<double>(whole_number(milliseconds, 0, kLongest)) / 1000);
    } catch (const UsageError& error) {
        throw UsageError(fmt::format("{}: {} milliseconds, as whisper.cpp has it", typed, error.what()));
    }
}

// Rewrites what was typed into the spellings that the parser is told of. Values pass untouched.
class Canonical {
  public:
    Canonical(std::span<const Option> options, const std::vector<std::string>& arguments)
        : options_(options) {
        for (size_t i = 0; i < arguments.size(); ++i) {
            if (arguments[i] == "--") {
                out_.insert(out_.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
                return;
            }
            const std::string* next = i + 1 < arguments.size() ? &arguments[i + 1] : nullptr;
            if (add(arguments[i], next)) ++i;
        }
    }

    std::vector<std::string> words() && { return std::move(out_); }

  private:
    // Returns true where `next` was used up as the value.
    bool add(const std::string& argument, const std::string* next) {
        if (argument.size() < 2 || argument[0] != '-') {
            out_.push_back(argument);
            return false;
        }
        const size_t equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
        std::string name = argument.substr(0, equals);
        std::string value = equals == std::string::npos ? "" : argument.substr(equals);  // with the '='
        if (name.starts_with("--")) std::replace(name.begin(), name.end(), '_', '-');
        if (const Spelling* spelling = familiar_spelling(name)) {
            if (spelling->meant.empty()) throw UsageError(fmt::format("{}: {}", name, spelling->advice));
            const std::string typed = std::exchange(name, std::string(spelling->meant));
            if (spelling->milliseconds && (next != nullptr || !value.empty())) {
                out_.push_back(name + "=" + in_seconds(typed, value.empty() ? *next : value.substr(1)));
                return value.empty();
            }
            if (const size_t at = name.find('='); at != std::string::npos) {
                if (!value.empty())
                    throw UsageError(fmt::format("{}: it takes no value; it stands for {}", typed, name));
                out_.push_back(name);
                return next != nullptr && is_truth(*next);  // "--output-srt True"
            }
        }
        const Option* option = find(options_, name);
        if (option == nullptr || !value.empty()) {
            out_.push_back(name + value);
            return false;
        }
        if (option->is_switch()) {
            const bool has_value = next != nullptr && is_truth(*next);
            out_.push_back(has_value ? name + "=" + *next : name);
            return has_value;
        }
        if (next == nullptr)
            throw UsageError(fmt::format("--{}: it needs a value: {}", option->name, usage(*option)));
        out_.push_back(name);
        out_.push_back(*next);
        return true;
    }

    std::span<const Option> options_;
    std::vector<std::string> out_;
};

[[noreturn]] void refuse_unknown(std::span<const Option> options, const std::string& typed) {
    std::vector<std::string> known;
    for (const Option& option : options) {
        known.push_back("--" + option.name);
        if (option.is_switch()) known.push_back("--no-" + option.name);
    }
    std::string message = fmt::format("there is no option {}", typed);
    const std::string name = typed.substr(0, typed.find('='));
    const auto near = name.starts_with("--") ? nearest(name, known) : std::vector<std::string>{};
    if (!near.empty()) {
        message += fmt::format("; did you mean {}?", fmt::join(near, " or "));
    } else {
        message += "; --help lists what there is";
    }
    throw UsageError(message);
}

std::vector<std::string> split(const std::string& text) {
    std::istringstream in(text);
    return {std::istream_iterator<std::string>(in), {}};
}

// The words stand beside `left` where that is short enough, else on the lines after it.
void add_row(std::string& out, const std::string& left, const std::vector<std::string>& words, size_t width) {
    constexpr size_t kColumn = 34;
    out += left;
    size_t column = left.size();
    bool begins = true;
    for (const std::string& word : words) {
        const bool fits = begins ? column + 2 <= kColumn : column + 1 + word.size() <= width;
        if (!fits) {
            out += '\n';
            column = 0;
        }
        const size_t gap = begins || !fits ? kColumn - column : 1;
        out.append(gap, ' ');
        out += word;
        column += gap + word.size();
        begins = false;
    }
    out += '\n';
}

}  // namespace

std::vector<std::string> parse(std::span<const Option> options, const std::vector<std::string>& arguments,
                               std::set<std::string>* names_given) {
    CLI::App parser;
    parser.set_help_flag();
    parser.allow_extras();
    std::vector<std::string> rest;
    parser.add_option("inputs", rest);
    std::vector<std::vector<std::string>> given(options.size());
    for (size_t i = 0; i < options.size(); ++i) {
        const Option& option = options[i];
        const std::string letter = option.letter != 0 ? std::string{'-', option.letter, ','} : "";
        if (option.is_switch()) {
            parser.add_flag(fmt::format("{0}--{1}{{true}},--no-{1}{{false}}", letter, option.name), given[i]);
        } else {
            parser.add_option(letter + "--" + option.name, given[i])->allow_extra_args(false);
        }
    }
    std::vector<std::string> words = Canonical(options, arguments).words();
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
        parser.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        throw UsageError(error.what());
    }
    for (const std::string& typed : parser.remaining()) {
        if (typed == "--") continue;
        if (typed.size() > 1 && typed[0] == '-') refuse_unknown(options, typed);
        rest.push_back(typed);
    }
    for (size_t i = 0; i < options.size(); ++i) {
        if (names_given != nullptr && !given[i].empty()) names_given->insert(options[i].name);
        for (const std::string& value : given[i]) {
            try {
                options[i].binding.set(value);
            } catch (const UsageError& error) {
                throw UsageError(fmt::format("--{}: {}", options[i].name, error.what()));
            }
        }
    }
    return rest;
}

bool asks_for_help(const std::vector<std::string>& arguments) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    return std::any_of(arguments.begin(), end,
                       [](const std::string& a) { return a == "--help" || a == "-h"; });
}

std::string help_text(std::span<const Option> options, size_t width) {
    std::string out;
    std::string group;
    for (const Option& option : options) {
        if (option.group != group) {
            group = option.group;
            out += fmt::format("\n{}:\n", group);
        }
        const std::string letter = option.letter != 0 ? fmt::format("  -{}, ", option.letter) : "      ";
        const std::string given = option.binding.get();
        const bool on = option.is_switch() && given == "true";
        const std::string left = letter + (on ? "--[no-]" + option.name : usage(option));
        std::vector<std::string> words = split(option.help);
        if (on) words.push_back("(default: on)");
        if (!option.is_switch() && !given.empty()) words.push_back(fmt::format("(default: {})", given));
        add_row(out, left, words, width);
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> values(std::span<const Option> options) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Option& option : options) out.emplace_back(option.name, option.binding.get());
    return out;
}

}  // namespace npuscribe::app
