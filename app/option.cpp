#include "option.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace npuscribe::app {
namespace {

constexpr std::string_view kOneOf = "one of ";  // begins the description of a choice

/// Decimal numbers alone: CLI11 reads 010 as eight, and takes white space, 0x10 and nan.
template <class Number>
std::optional<Number> decimal(std::string_view text) {
    const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const char* end = text.data() + text.size();
    Number value = 0;
    const auto [last, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || last != end || begin == end) return std::nullopt;
    if (!std::isfinite(static_cast<double>(value))) return std::nullopt;
    return value;
}

/// Passes decimal numbers on in the one spelling that CLI11 reads in the same way.
template <class Number>
CLI::Validator decimal_number() {
    return {[](std::string& text) -> std::string {
                const auto value = decimal<Number>(text);
                text = value ? to_text(*value) : "";
                return value ? "" : "not a number";
            },
            ""};
}

std::string to_truth(std::string& text) {
    const std::string word = to_lower(text);
    for (const char* yes : {"true", "yes", "on", "1"}) {
        if (word == yes) return text = "true", "";
    }
    for (const char* no : {"false", "no", "off", "0"}) {
        if (word == no) return text = "false", "";
    }
    return "not a truth value";
}

/// "--output-dir" of "-o,--output-dir".
std::string long_name(const std::string& names) {
    const size_t at = names.find("--");
    return at == std::string::npos ? names : names.substr(at);
}

}  // namespace

void refuse(const std::string& given, const std::string& option, const std::string& expected) {
    throw UsageError(fmt::format("invalid value '{}' for {}: expected {}", given, option, expected));
}

std::optional<long long> to_whole_number(std::string_view text, long long lowest, long long highest) {
    const auto value = decimal<long long>(text);
    return value && *value >= lowest && *value <= highest ? value : std::nullopt;
}

std::optional<double> to_seconds(std::string_view text) {
    constexpr double kLongest = 1e7;  // 115 days
    double seconds = 0;
    size_t parts = 0;
    if (text.empty() || text.back() == ':') return std::nullopt;
    for (const std::string_view part : split(text, ':')) {
        const bool last = part.data() + part.size() == text.data() + text.size();
        if (part.find_first_not_of(last ? "0123456789." : "0123456789") != std::string_view::npos)
            return std::nullopt;
        const auto value = decimal<double>(part);
        if (!value || ++parts > 3 || (parts > 1 && *value >= 60)) return std::nullopt;
        seconds = 60 * seconds + *value;
    }
    return seconds <= kLongest ? std::optional(seconds) : std::nullopt;
}

CLI::Validator whole_number(long long lowest, long long highest) {
    return (decimal_number<long long>() & CLI::Range(lowest, highest))
        .description(fmt::format("a whole number from {} to {}", lowest, highest));
}

CLI::Validator number(double lowest, double highest) {
    return (decimal_number<double>() & CLI::Range(lowest, highest))
        .description(fmt::format("a number from {} to {}", lowest, highest));
}

CLI::Validator time_from(double lowest) {
    return {
        [lowest](std::string& text) -> std::string {
            const auto seconds = to_seconds(text);
            if (!seconds || *seconds < lowest) return "not a time";
            text = to_text(*seconds);
            return {};
        },
        lowest > 0 ? "a time of at least 0.001 s: seconds, MM:SS or HH:MM:SS" : "seconds, MM:SS or HH:MM:SS"};
}

CLI::Validator or_none(const CLI::Validator& other) {
    return {[other](std::string& text) {
                if (to_lower(text) != "none") return other(text);
                text.clear();
                return std::string();
            },
            other.get_description() + ", or none"};
}

CLI::Validator one_of(const std::vector<std::string>& names) {
    return CLI::IsMember(names).description(fmt::format("{}{}", kOneOf, fmt::join(names, ", ")));
}

std::vector<std::string> choices(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    const size_t at = type.find(kOneOf);
    std::vector<std::string> out;
    if (at == std::string::npos) return out;
    for (const std::string_view name : split(std::string_view(type).substr(at + kOneOf.size()), ','))
        out.emplace_back(strip(name));
    return out;
}

CLI::Option* finish(CLI::Option* option, const char* value, const CLI::Validator& allowed,
                    const std::function<std::string()>& present) {
    const std::string expected = allowed.get_description();
    if (!expected.empty()) {
        // CLI11 would put its own words around what a validator says.
        const auto check = [option, allowed, expected](std::string& text) {
            const std::string given = text;
            if (!allowed(text).empty()) refuse(given, option->get_name(), expected);
            return std::string();
        };
        option->transform(CLI::Validator(check, expected));
    }
    return option->type_name(value)->default_function(present)->capture_default_str();
}

CLI::Option* option(CLI::App& app, const char* names, const char* value, std::string& variable,
                    const std::string& help) {
    return finish(app.add_option(names, variable, help), value, {}, [&variable] { return variable; });
}

CLI::Option* option(CLI::App& app, const char* names, const char* value,
                    const std::function<bool(const std::string&)>& read,
                    const std::function<std::string()>& present, const std::string& expected,
                    const std::string& help) {
    const auto set = [read, expected, name = long_name(names)](const std::string& text) {
        if (!read(text)) refuse(text, name, expected);
    };
    return finish(app.add_option_function<std::string>(names, set, help), value, {}, present);
}

CLI::Option* toggle(CLI::App& app, const std::string& names, bool& variable, const std::string& help) {
    CLI::Option* option = app.add_flag(names + ",!--no-" + long_name(names).substr(2), variable, help);
    return finish(option, "", CLI::Validator(to_truth, "true or false"),
                  [&variable] { return to_text(variable); });
}

bool is_switch(const CLI::Option& option) {
    return option.get_items_expected_max() == 0;
}

const std::string& name(const CLI::Option& option) {
    return option.get_lnames().front();
}

std::string value_name(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    return type.substr(0, type.find(':'));
}

std::string usage(const CLI::Option& option) {
    if (is_switch(option)) return (default_value(option) == "on" ? "--[no-]" : "--") + name(option);
    return "--" + name(option) + " " + value_name(option);
}

std::string default_value(const CLI::Option& option) {
    const std::string value = option.get_default_str();
    return is_switch(option) ? (value == "true" ? "on" : "off") : value;
}

std::string letter(const CLI::Option& option) {
    return option.get_snames().empty() ? "" : fmt::format("-{}, ", option.get_snames().front());
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
    return app.get_options([&](const CLI::Option* option) {
        return option->nonpositional() && option != app.get_help_ptr() && option != app.get_help_all_ptr() &&
               option->get_lnames().front() != "version";
    });
}

}  // namespace npuscribe::app
