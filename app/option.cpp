#include "option.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace npuscribe::app {
namespace {

[[noreturn]] void refuse(const std::string& given, const std::string& allowed) {
    throw UsageError(fmt::format("'{}' was given; allowed is {}", given, allowed));
}

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

template <class T>
bool parse_all(const std::string& text, T& value) {
    const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(begin, end, value);
    return error == std::errc() && last == end && begin != end;
}

}  // namespace

long long whole_number(const std::string& text, long long lowest, long long highest) {
    long long value = 0;
    if (!parse_all(text, value) || value < lowest || value > highest) {
        refuse(text, fmt::format("a whole number from {} to {}", lowest, highest));
    }
    return value;
}

double real_number(const std::string& text, double lowest, double highest) {
    double value = 0;
    if (!parse_all(text, value) || !std::isfinite(value) || value < lowest || value > highest) {
        refuse(text, fmt::format("a number from {} to {}", to_text(lowest), to_text(highest)));
    }
    return value;
}

double time_in_seconds(const std::string& text) {
    constexpr double kLongest = 1e7;  // 115 days
    const auto refuse = [&] {
        throw UsageError("'" + text +
                         "' was given; allowed are seconds, such as 90 or 0.5, MM:SS or HH:MM:SS");
    };
    double seconds = 0;
    size_t parts = 0;
    for (size_t at = 0; at <= text.size(); ++parts) {
        const size_t colon = std::min(text.find(':', at), text.size());
        const std::string part = text.substr(at, colon - at);
        const bool last = colon == text.size();
        const char* allowed = last ? "0123456789." : "0123456789";
        if (part.empty() || part == "." || part.find_first_not_of(allowed) != std::string::npos) refuse();
        double value = 0;
        try {
            value = real_number(part, 0, kLongest);
        } catch (const UsageError&) {
            refuse();
        }
        if (parts > 2 || (parts > 0 && value >= 60)) refuse();
        seconds = 60 * seconds + value;
        at = colon + 1;
    }
    if (seconds > kLongest) refuse();
    return seconds;
}

std::string to_text(double value) {
    return fmt::format("{}", value);
}

Binding text(std::string& variable) {
    return {[&variable](const std::string& given) { variable = given; }, [&variable] { return variable; }};
}

Binding toggle(bool& variable) {
    return {[&variable](const std::string& given) {
                const std::string word = lower_case(given);
                const auto is = [&](std::initializer_list<const char*> words) {
                    return std::any_of(words.begin(), words.end(), [&](const char* w) { return word == w; });
                };
                if (is({"true", "yes", "on", "1"})) {
                    variable = true;
                } else if (is({"false", "no", "off", "0"})) {
                    variable = false;
                } else {
                    refuse(given, "true or false");
                }
            },
            [&variable] { return variable ? "true" : "false"; }};
}

Binding number(double& variable, double lowest, double highest) {
    return {[&variable, lowest, highest](const std::string& given) {
                variable = real_number(given, lowest, highest);
            },
            [&variable] { return to_text(variable); }};
}

Binding number_or_none(std::optional<double>& variable, double lowest, double highest) {
    return {[&variable, lowest, highest](const std::string& given) {
                if (lower_case(given) == "none") {
                    variable.reset();
                    return;
                }
                try {
                    variable = real_number(given, lowest, highest);
                } catch (const UsageError& error) {
                    throw UsageError(std::string(error.what()) + ", or none");
                }
            },
            [&variable] { return variable ? to_text(*variable) : "none"; }};
}

Binding integer_or_none(std::optional<int>& variable, int lowest, int highest) {
    return {[&variable, lowest, highest](const std::string& given) {
                if (lower_case(given) == "none") {
                    variable.reset();
                    return;
                }
                try {
                    variable = static_cast<int>(whole_number(given, lowest, highest));
                } catch (const UsageError& error) {
                    throw UsageError(std::string(error.what()) + ", or none");
                }
            },
            [&variable] { return variable ? std::to_string(*variable) : "none"; }};
}

Binding one_of(std::string& variable, std::vector<std::string> choices) {
    return {[&variable, choices](const std::string& given) {
                if (std::find(choices.begin(), choices.end(), given) == choices.end()) {
                    refuse(given, fmt::format("{}", fmt::join(choices, ", ")));
                }
                variable = given;
            },
            [&variable] { return variable; }, std::move(choices)};
}

}  // namespace npuscribe::app
