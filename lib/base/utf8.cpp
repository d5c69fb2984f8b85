#include "base/utf8.h"

#include <locale.h>
#include <utf8proc.h>
#include <wchar.h>

namespace npuscribe::utf8 {
namespace {

/// The character set C.UTF-8, for as long as the program runs; null if the C library has none.
locale_t unicode() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
}

uint8_t byte(std::string_view text, size_t i) {
    return static_cast<uint8_t>(text[i]);
}

}  // namespace

// Table 3-7 of the Unicode Standard: the second byte's range depends on the first byte, further ones are 80
// to BF.
Character first(std::string_view text) {
    const uint8_t lead = byte(text, 0);
    if (lead < 0x80) return {lead, 1, true};
    size_t length = 0;
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return {0, 1, false};
    }
    char32_t code = lead & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
        if (i >= text.size() || byte(text, i) < low || byte(text, i) > high) return {0, i, false};
        code = code << 6 | (byte(text, i) & 0x3FU);
        low = 0x80;
        high = 0xBF;
    }
    return {code, length, true};
}

std::string repair(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const Character character = first(bytes);
        text += character.valid ? bytes.substr(0, character.size) : kReplacement;
        bytes.remove_prefix(character.size);
    }
    return text;
}

void append(std::string& text, char32_t code) {
    utf8proc_uint8_t buffer[4];
    const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), buffer);
    text.append(reinterpret_cast<const char*>(buffer), static_cast<size_t>(size));
}

bool is_letter(char32_t code) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_number(char32_t code) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool is_space(char32_t code) {
    return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
           code == 0x205F || code == 0x3000;
}

char32_t to_small(char32_t code) {
    return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
}

char32_t to_capital(char32_t code) {
    if (code == U'ß') return code;  // for which utf8proc has a capital that the simple mapping has not
    return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code)));
}

size_t columns(char32_t code) {
    if (code < 0x80 || unicode() == nullptr) return 1;
    const locale_t before = ::uselocale(unicode());
    const int width = ::wcwidth(static_cast<wchar_t>(code));
    ::uselocale(before);
    return width < 0 ? 1 : static_cast<size_t>(width);
}

}  // namespace npuscribe::utf8
