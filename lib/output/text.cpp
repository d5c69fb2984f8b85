#include "output/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace npuscribe::output {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Character {
    size_t length = 0;  // bytes; of the maximal subpart where it is not valid
    char32_t code = 0;  // U+FFFD where it is not valid
    bool valid = false;
};

uint8_t byte_at(std::string_view bytes, size_t i) {
    return static_cast<uint8_t>(bytes[i]);
}

// Unicode 15, table 3-7: which second bytes are well formed after a first byte.
Character character_at(std::string_view bytes, size_t at) {
    const uint8_t first = byte_at(bytes, at);
    if (first < 0x80) return {1, first, true};
    size_t length = 0;
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        if (first == 0xE0) low = 0xA0;
        if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        if (first == 0xF0) low = 0x90;
        if (first == 0xF4) high = 0x8F;
    } else {
        return {1, 0xFFFD, false};
    }
    char32_t code = first & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
        if (at + i == bytes.size()) return {i, 0xFFFD, false};
        const uint8_t next = byte_at(bytes, at + i);
        if (next < low || next > high) return {i, 0xFFFD, false};
        code = (code << 6) | (next & 0x3FU);
        low = 0x80;
        high = 0xBF;
    }
    return {length, code, true};
}

bool breaks_line(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (size_t at = 0; at < bytes.size();) {
        const Character c = character_at(bytes, at);
        out += c.valid ? bytes.substr(at, c.length) : kReplacement;
        at += c.length;
    }
    return out;
}

std::string one_line(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (size_t at = 0; at < bytes.size();) {
        const Character c = character_at(bytes, at);
        if (!c.valid) {
            out += kReplacement;
        } else if (!breaks_line(c.code)) {
            out += bytes.substr(at, c.length);
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
        at += c.length;
    }
    const size_t first = out.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

int64_t milliseconds(double seconds) {
    constexpr double kLongest = 1e12;  // 30 000 years: keeps the conversion defined
    if (!(seconds > 0)) return 0;
    return std::llround(std::min(seconds, kLongest) * 1000);
}

std::string timestamp(int64_t ms, char decimal, bool hours) {
    const long long h = ms / 3'600'000;
    const int m = static_cast<int>(ms / 60'000 % 60);
    const int s = static_cast<int>(ms / 1000 % 60);
    const int f = static_cast<int>(ms % 1000);
    char out[48];
    if (hours || h > 0) {
        std::snprintf(out, sizeof out, "%02lld:%02d:%02d%c%03d", h, m, s, decimal, f);
    } else {
        std::snprintf(out, sizeof out, "%02d:%02d%c%03d", m, s, decimal, f);
    }
    return out;
}

}  // namespace npuscribe::output
