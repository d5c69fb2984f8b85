#include "command_line.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "familiar.h"
#include "spelling.h"

namespace npuscribe::app {
namespace {

// True and False as a switch's value, and as the word after one; nothing where it is neither.
std::optional<bool> truth(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::set<std::string> yes = {"true", "yes", "on"};
    const std::set<std::string> no = {"false", "no", "off"};
    if (yes.contains(word)) return true;
    if (no.contains(word)) return false;
    return std::nullopt;
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

std::vector<std::string> split(std::string_view text) {
    std::istringstream in{std::string(text)};
    return {std::istream_iterator<std::string>(in), {}};
}

// What another program counts in its unit, in seconds.
std::string in_seconds(const Unit& unit, const std::string& typed, const std::string& value) {
    constexpr long long kLongest = 10'000'000'000;
    try {
        const long long count = whole_number(value, 0, kLongest);
        if (count == 0 && !unit.zero.empty()) return std::string(unit.zero);
        return to_text(static_cast<double>(count) * unit.seconds);
    } catch (const UsageError& error) {
        throw UsageError(fmt::format("{}: {} {}, as whisper.cpp has it", typed, error.what(), unit.name));
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
                break;
            }
            const std::string* next = i + 1 < arguments.size() ? &arguments[i + 1] : nullptr;
            if (add(arguments[i], next)) ++i;
        }
        // All of them at once: who brings a command line from elsewhere mends it in one go.
        if (!refused_.empty()) throw UsageError(fmt::format("{}", fmt::join(refused_, "; ")));
    }

    std::vector<std::string> words() && { return std::move(out_); }

  private:
    // An option as it was typed. `value`: what stood behind its '=', or else the next word; nothing where
    // there is none.
    struct Typed {
        std::string name;
        bool joined;  // with an '='
        const std::string* value;
    };

    // These return true where the next word was used up as the value.

    bool add(const std::string& argument, const std::string* next) {
        if (argument.size() < 2 || argument[0] != '-') {
            out_.push_back(argument);
            return false;
        }
        const size_t equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
        const bool joined = equals != std::string::npos;
        const std::string value = joined ? argument.substr(equals + 1) : "";
        Typed typed{argument.substr(0, equals), joined, joined ? &value : next};
        if (typed.name.starts_with("--")) std::replace(typed.name.begin(), typed.name.end(), '_', '-');
        if (const Familiar* entry = familiar(typed.name, typed.value)) return add_familiar(*entry, typed);
        return add_option(typed);
    }

    bool add_familiar(const Familiar& entry, const Typed& typed) {
        const std::optional<bool> wanted = typed.value != nullptr ? truth(*typed.value) : std::nullopt;
        switch (entry.reading) {
            case Familiar::Reading::refused:
                refused_.push_back(fmt::format("{}: {}", typed.name, entry.text));
                return false;
            case Familiar::Reading::left_out:
                return !typed.joined && (!entry.value.empty() || wanted);
            case Familiar::Reading::input:
                if (typed.value == nullptr)
                    throw UsageError(fmt::format("{}: it needs a value: {} FILE", typed.name, typed.name));
                return add_input(typed);
            case Familiar::Reading::means:
                break;
        }
        std::vector<std::string> words = split(entry.text);
        Typed last = typed;
        last.name = std::move(words.back());
        words.pop_back();
        const bool complete = last.name.find('=') != std::string::npos;
        if (complete && entry.value.empty() && typed.joined && !wanted)
            throw UsageError(fmt::format("{}: it takes no value; it stands for {}", typed.name, last.name));
        if (complete && entry.value.empty() && wanted == false) return !typed.joined;  // "--output-srt False"
        out_.insert(out_.end(), words.begin(), words.end());
        if (complete || !entry.value.empty()) {
            out_.push_back(last.name);
            return !typed.joined && (!entry.value.empty() || wanted);
        }
        if (entry.unit != nullptr && typed.value != nullptr) {
            out_.push_back(last.name + "=" + in_seconds(*entry.unit, typed.name, *typed.value));
            return !typed.joined;
        }
        return add_option(last);
    }

    bool add_option(const Typed& typed) {
        const Option* option = find(options_, typed.name);
        if (option == nullptr || typed.joined) {
            out_.push_back(typed.name + (typed.joined ? "=" + *typed.value : ""));
            return false;
        }
        if (option->is_switch()) {
            const bool has_value = typed.value != nullptr && truth(*typed.value);
            out_.push_back(typed.name + (has_value ? "=" + *typed.value : ""));
            return has_value;
        }
        if (typed.value == nullptr)
            throw UsageError(fmt::format("--{}: it needs a value: {}", option->name, usage(*option)));
        const bool by_letter = typed.name.size() == 2;
        if (by_letter && option->binding.is_input && option->binding.is_input(*typed.value))
            return add_input(typed);
        out_.push_back(typed.name);
        out_.push_back(*typed.value);
        return true;
    }

    bool add_input(const Typed& typed) {
        const bool looks_like_option = typed.value->size() > 1 && typed.value->front() == '-';
        out_.push_back((looks_like_option ? "./" : "") + *typed.value);
        return !typed.joined;
    }

    std::span<const Option> options_;
    std::vector<std::string> out_;
    std::vector<std::string> refused_;
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
