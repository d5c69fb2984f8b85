#include "terminal_text.h"

#include <vector>

#include "base/utf8.h"

namespace npuscribe::app {
namespace {

struct Piece {
    std::string_view bytes;
    size_t columns;
};

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
        const char32_t code = character.code;
        const bool control = character.valid && (code < 0x20 || (code >= 0x7F && code < 0xA0));
        out += control ? "?" : text.substr(0, character.size);
        text.remove_prefix(character.size);
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
