#include "base/fold.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "base/text.h"
#include "base/utf8.h"

namespace npuscribe {
namespace {

// What people type for a letter that Unicode does not decompose; 0: nothing.
char32_t typed_for(char32_t code) {
    switch (code) {
        case U'ø':
            return U'o';
        case U'đ':
            return U'd';
        case U'ł':
            return U'l';
        case U'ı':
            return U'i';
        case U'ə':
            return U'e';
        case U'\'':
        case U'’':
        case U'ʻ':
        case U'ʼ':
            return 0;
        default:
            return code;
    }
}

}  // namespace

std::string fold(std::string_view text) {
    constexpr auto kHow = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                                                         UTF8PROC_STRIPMARK | UTF8PROC_STABLE);
    utf8proc_uint8_t* mapped = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &mapped, kHow);
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    std::string out;
    if (size <= 0) return out;
    std::string_view rest(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
    while (!rest.empty()) {
        const utf8::Character character = utf8::first(rest);
        if (const char32_t code = typed_for(character.code); code != 0) utf8::append(out, code);
        rest.remove_prefix(character.size);
    }
    return std::string(strip(out));
}

}  // namespace npuscribe
