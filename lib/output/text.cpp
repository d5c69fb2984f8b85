#include "output/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace npuscribe::output {
namespace {

bool breaks_line(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
    return utf8::repair(bytes);
}

std::string flat(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const utf8::Character character = utf8::first(bytes);
        if (!character.valid) {
            out += utf8::kReplacement;
        } else if (!breaks_line(character.code)) {
            out += bytes.substr(0, character.size);
        } else if (out.empty() || out.back() != ' ') {
            out += ' ';
        }
        bytes.remove_prefix(character.size);
    }
    return out;
}

std::string one_line(std::string_view bytes) {
    const std::string out = flat(bytes);
    const size_t first = out.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

size_t characters(std::string_view text) {
    const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

int64_t milliseconds(double seconds) {
    constexpr double kLongest = 1e12;  // 30,000 years: a longer time might not fit an int64_t
    if (!(seconds > 0)) return 0;
    return std::llround(std::min(seconds, kLongest) * 1000);
}

std::string timestamp(int64_t ms, char decimal, bool hours) {
    const int64_t h = ms / 3'600'000;
    const std::string rest =
        fmt::format("{:02}:{:02}{}{:03}", ms / 60'000 % 60, ms / 1000 % 60, decimal, ms % 1000);
    return hours || h > 0 ? fmt::format("{:02}:{}", h, rest) : rest;
}

}  // namespace npuscribe::output
