#pragma once
// How commands declare their options to CLI11, which parses, converts and checks them. npuscribe adds strict
// parsing of numbers, "none" as a value, and errors that say what was given and what is expected.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace npuscribe::app {

// Validators. The description of each says what it expects, as an error puts it: "a whole number from 1 to
// 64". Ranges include both ends.

CLI::Validator whole_number(long long lowest, long long highest);
CLI::Validator number(double lowest, double highest);
/// Takes "90", "1:30" or "00:01:30.5" and passes seconds on.
CLI::Validator time_from(double lowest);
/// Also takes "none" and passes an empty text on, which std::optional reads as nothing.
CLI::Validator or_none(const CLI::Validator& other);
CLI::Validator one_of(const std::vector<std::string>& names);

/// The names that a `one_of` option may take, for shells to complete; empty for other options.
std::vector<std::string> choices(const CLI::Option& option);

/// `text` as a whole number or, if it is no such number or outside the range, nothing.
std::optional<long long> to_whole_number(std::string_view text, long long lowest, long long highest);
/// "90", "1:30" or "00:01:30.5" in seconds; nothing if `text` is not a time.
std::optional<double> to_seconds(std::string_view text);

/// Throws UsageError: "invalid value 'x' for --beam-size: expected a whole number from 1 to 64".
[[noreturn]] void refuse(const std::string& given, const std::string& option, const std::string& expected);

/// The value of a variable as it is typed: 0.2 as "0.2", true as "true", nothing as "none".
template <class T>
std::string to_text(const T& value) {
    return fmt::format("{}", value);
}
template <class T>
std::string to_text(const std::optional<T>& value) {
    return value ? to_text(*value) : "none";
}

// Declarations. `names` are as CLI11 takes them, "-o,--output-dir"; a name without hyphens is an argument.
// `value` is what help shows for the value. `help` leaves the default out, which is the present value of
// `variable`. The variable must outlive the app. app.option_defaults()->group("...") names the heading of the
// options that follow.

/// Checks values with `allowed`, and shows `present` as the default in help and as the value in reports.
CLI::Option* finish(CLI::Option* option, const char* value, const CLI::Validator& allowed,
                    const std::function<std::string()>& present);

template <class T>
CLI::Option* option(CLI::App& app, const char* names, const char* value, T& variable,
                    const CLI::Validator& allowed, const std::string& help) {
    return finish(app.add_option(names, variable, help), value, allowed,
                  [&variable] { return to_text(variable); });
}
/// Takes any text.
CLI::Option* option(CLI::App& app, const char* names, const char* value, std::string& variable,
                    const std::string& help);

/// An enumeration by its names.
template <class Enumeration>
CLI::Option* option(CLI::App& app, const char* names, const char* value, Enumeration& variable,
                    const std::vector<std::pair<std::string, Enumeration>>& values, const std::string& help) {
    std::vector<std::string> all;
    for (const auto& [name, _] : values) all.push_back(name);
    const CLI::Validator known = one_of(all);
    return finish(app.add_option(names, variable, help), value,
                  (known & CLI::CheckedTransformer(values)).description(known.get_description()),
                  [&variable, values] {
                      const auto same = [&](const auto& pair) { return pair.second == variable; };
                      return std::find_if(values.begin(), values.end(), same)->first;
                  });
}

/// A value that `read` takes apart itself: it gives back false if it expects something else. `present` is its
/// text.
CLI::Option* option(CLI::App& app, const char* names, const char* value,
                    const std::function<bool(const std::string&)>& read,
                    const std::function<std::string()>& present, const std::string& expected,
                    const std::string& help);

/// A switch, which also has a --no- form. `names` ends with the long one.
CLI::Option* toggle(CLI::App& app, const std::string& names, bool& variable, const std::string& help);

// What help, the manual page and completions ask of an option.

bool is_switch(const CLI::Option& option);
/// "output-dir".
const std::string& name(const CLI::Option& option);
/// "DIR"; empty for a switch.
std::string value_name(const CLI::Option& option);
/// "--output-dir DIR", "--[no-]vad".
std::string usage(const CLI::Option& option);
/// "on" or "off" for a switch.
std::string default_value(const CLI::Option& option);
/// "-o, " or nothing.
std::string letter(const CLI::Option& option);
/// All of an app's options that help shows, in the order of their declaration.
std::vector<const CLI::Option*> options_of(const CLI::App& app);

}  // namespace npuscribe::app
