#pragma once
// UTF-8, strictly (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace npuscribe::utf8 {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// The first `size` bytes of a text: a character, or, if it is not `valid`, the longest start of one, which
/// is replaced as a whole (Unicode's "maximal subpart"; Python's and Rust's decoders do the same).
struct Character {
    char32_t code = 0;
    size_t size = 0;
    bool valid = false;
};
Character first(std::string_view text);  // of a text that is not empty

/// `bytes` with every ill-formed sequence replaced by U+FFFD.
std::string repair(std::string_view bytes);

void append(std::string& text, char32_t code);

bool is_letter(char32_t code);  // general category L*
bool is_number(char32_t code);  // N*
bool is_space(char32_t code);   // property White_Space

/// Unicode's simple case mappings, whatever the locale: one character for one.
char32_t to_small(char32_t code);
char32_t to_capital(char32_t code);

/// Columns of a character in a terminal: 2 if it is wide (Chinese, Japanese, Korean, emoji), 0 if it is put
/// on top of another, else 1. As the C library knows it for UTF-8, whatever locale the program runs in.
size_t columns(char32_t code);

}  // namespace npuscribe::utf8
