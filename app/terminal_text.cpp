#include "terminal_text.h"

#include <algorithm>
#include <vector>

#include "base/utf8.h"

namespace npuscribe::app {
namespace {

struct Piece {
    std::string_view bytes;
    size_t columns;
};

/// Whether a terminal obeys the character instead of showing it: C0 and C1 controls, the separators of lines
/// and paragraphs, and what changes the direction of writing (UAX #9), so that a name reads as another one.
bool is_command(char32_t code) {
    const auto in = [&](char32_t first, char32_t last) { return code >= first && code <= last; };
    return code < 0x20 || in(0x7F, 0x9F) || in(0x2028, 0x2029) || code == 0x061C || in(0x200E, 0x200F) ||
           in(0x202A, 0x202E) || in(0x2066, 0x2069);
}

std::vector<Piece> characters(std::string_view text) {
    std::vector<Piece> out;
    while (!text.empty()) {
        const utf8::Character character = utf8::first(text);
        out.push_back({text.substr(0, character.size),
                       character.valid ? utf8::columns(character.code) : character.size});
        text.remove_prefix(character.size);
    }
    return out;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const utf8::Character character = utf8::first(text);
        const std::string_view bytes = text.substr(0, character.size);
        if (character.valid) {
            out += is_command(character.code) ? "?" : bytes;
        } else {
            // A terminal that does not read UTF-8 obeys bytes from 0x80 to 0x9F, such as 0x9B (CSI).
            for (const char byte : bytes) out += is_command(static_cast<unsigned char>(byte)) ? '?' : byte;
        }
        text.remove_prefix(character.size);
    }
    return out;
}

std::string printable_lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        out += printable(text.substr(0, end));
        if (end < text.size()) out += '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

size_t columns_of(std::string_view text) {
    size_t columns = 0;
    for (const Piece& piece : characters(text)) columns += piece.columns;
    return columns;
}

std::string cut(std::string_view text, size_t columns) {
    std::string out;
    for (const Piece& piece : characters(text)) {
        if (piece.columns > columns) break;
        columns -= piece.columns;
        out += piece.bytes;
    }
    return out;
}

std::string shorten(std::string_view text, size_t columns) {
    if (columns_of(text) <= columns) return std::string(text);
    if (columns == 0) return {};
    const size_t tail_room = (columns - 1) / 2;
    const std::vector<Piece> pieces = characters(text);
    size_t tail = pieces.size();
    size_t used = 0;
    while (tail > 0 && used + pieces[tail - 1].columns <= tail_room) used += pieces[--tail].columns;
    std::string out = cut(text, columns - 1 - used) + "…";
    for (size_t i = tail; i < pieces.size(); ++i) out += pieces[i].bytes;
    return out;
}

}  // namespace npuscribe::app
