#pragma once
// An option of the command line, declared once: what parses it, checks it, prints it in help and echoes it in
// reports.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace npuscribe::app {

/// How an option reads and prints the variable it is bound to.
struct Binding {
    /// Throws UsageError that says what was given and what is allowed; the parser puts the option's name
    /// before it.
    std::function<void(const std::string&)> set;
    /// The present value as `set` would take it: the default, before parsing.
    std::function<std::string()> get;
    /// Where it is one of a few words, or a list of such: all of them, for shells to complete.
    std::vector<std::string> choices{};
    /// Where its letter is another program's for an input: whether this is one ("-f talk.wav"), not a value.
    std::function<bool(const std::string&)> is_input{};
};

struct Option {
    std::string name;   // "output-dir": typed with two hyphens; '_' is as good as '-'
    char letter = 0;    // 'o', or none
    std::string value;  // "DIR", as help shows it; empty for a switch, which also has a --no- form
    std::string group;  // help's heading
    std::string help;   // without the default, which help adds
    Binding binding;

    bool is_switch() const { return value.empty(); }
};

// The variable must outlive the binding. Ranges include both ends.

Binding text(std::string& variable);
Binding toggle(bool& variable);
Binding number(double& variable, double lowest, double highest);
/// "none" switches it off.
Binding number_or_none(std::optional<double>& variable, double lowest, double highest);
Binding integer_or_none(std::optional<int>& variable, int lowest, int highest);
Binding one_of(std::string& variable, std::vector<std::string> choices);

/// `text` as a whole number; throws UsageError where it is none, or outside the range.
long long whole_number(const std::string& text, long long lowest, long long highest);
/// `text` as a finite number; throws as above.
double real_number(const std::string& text, double lowest, double highest);
/// "90", "1:30" or "00:01:30.5" in seconds; throws as above.
double time_in_seconds(const std::string& text);
/// 0.2 as "0.2", 1 as "1".
std::string to_text(double value);

template <class Integer>
Binding integer(Integer& variable, long long lowest, long long highest) {
    static_assert(std::is_integral_v<Integer>);
    return {[&variable, lowest, highest](const std::string& given) {
                variable = static_cast<Integer>(whole_number(given, lowest, highest));
            },
            [&variable] { return std::to_string(variable); }};
}

}  // namespace npuscribe::app
