#include "model/byte_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/utf8.h"

namespace npuscribe {
namespace {

uint32_t hash(std::string_view bytes) {  // FNV-1a
    uint32_t h = 2166136261U;
    for (const char c : bytes) h = (h ^ static_cast<uint8_t>(c)) * 16777619U;
    return h ^ h >> 15;
}

// GPT-2's bytes_to_unicode: printable Latin-1 stands for itself, the other 68 bytes are U+0100 and on, in
// order.
bool stands_for_itself(size_t byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr size_t kCharacters = 256 + 68;

std::array<int16_t, kCharacters> make_byte_of_character() {
    std::array<int16_t, kCharacters> table;
    table.fill(-1);
    size_t next = 256;
    for (size_t byte = 0; byte < 256; ++byte) {
        table[stands_for_itself(byte) ? byte : next++] = static_cast<int16_t>(byte);
    }
    return table;
}

enum class Kind { letter, number, space, other };

struct Step {
    Kind kind;
    size_t size;
};

Step step(std::string_view text) {
    const utf8::Character c = utf8::first(text);
    if (!c.valid) return {Kind::other, c.size};
    if (utf8::is_letter(c.code)) return {Kind::letter, c.size};
    if (utf8::is_number(c.code)) return {Kind::number, c.size};
    return {utf8::is_space(c.code) ? Kind::space : Kind::other, c.size};
}

// Length of the run of characters of class `kind` at `at`.
size_t run(std::string_view text, size_t at, Kind kind) {
    size_t end = at;
    while (end < text.size()) {
        const Step next = step(text.substr(end));
        if (next.kind != kind) break;
        end += next.size;
    }
    return end - at;
}

// \s+(?!\S)|\s+ : all the white space at the end of a text; before something else, all but its last
// character, which belongs to what follows (or stands alone).
size_t white_space(std::string_view text) {
    size_t end = 0;
    size_t last = 0;
    while (end < text.size()) {
        const Step next = step(text.substr(end));
        if (next.kind != Kind::space) return last > 0 ? last : end;
        last = end;
        end += next.size;
    }
    return end;
}

}  // namespace

BytePairs::BytePairs(std::span<const uint8_t> lengths, std::string_view bytes) : blob_(bytes) {
    ends_.reserve(lengths.size());
    uint32_t end = 0;
    for (const uint8_t length : lengths) ends_.push_back(end += length);
}

void BytePairs::add(std::string_view bytes) {
    blob_ += bytes;
    ends_.push_back(static_cast<uint32_t>(blob_.size()));
}

void BytePairs::check_bytes(const std::string& file) const {
    std::array<bool, 256> seen{};
    uint32_t begin = 0;
    for (const uint32_t end : ends_) {
        if (end - begin == 1) seen[static_cast<uint8_t>(blob_[begin])] = true;
        begin = end;
    }
    for (size_t byte = 0; byte < seen.size(); ++byte) {
        if (!seen[byte]) throw ModelError(fmt::format("{}: has no token for byte {}", file, byte));
    }
}

TokenIndex::TokenIndex(const BytePairs& tokens) : tokens_(&tokens) {
    alphabet_.fill(true);
    std::vector<int32_t> ids(tokens.size());
    std::iota(ids.begin(), ids.end(), 0);
    fill(ids);
}

TokenIndex::TokenIndex(const BytePairs& tokens, std::string_view alphabet) : tokens_(&tokens) {
    for (const char c : alphabet) alphabet_[static_cast<uint8_t>(c)] = true;
    std::vector<int32_t> ids;
    for (size_t id = 0; id < tokens.size(); ++id) {
        const std::string_view bytes = tokens.bytes(id);
        // The first byte is a space in half of the tokens, the last one a letter in nearly all.
        if (!bytes.empty() && alphabet_[static_cast<uint8_t>(bytes.back())] && covers(bytes))
            ids.push_back(static_cast<int32_t>(id));
    }
    fill(ids);
}

bool TokenIndex::covers(std::string_view text) const {
    return std::all_of(text.begin(), text.end(), [&](char c) { return alphabet_[static_cast<uint8_t>(c)]; });
}

void TokenIndex::fill(const std::vector<int32_t>& ids) {
    size_t capacity = 16;
    while (capacity < 2 * ids.size()) capacity *= 2;
    slots_.assign(capacity, -1);
    for (const int32_t id : ids) {
        const std::string_view bytes = tokens_->bytes(static_cast<size_t>(id));
        size_t slot = hash(bytes) & (capacity - 1);
        while (slots_[slot] >= 0 && tokens_->bytes(static_cast<size_t>(slots_[slot])) != bytes)
            slot = (slot + 1) & (capacity - 1);
        if (slots_[slot] < 0) slots_[slot] = id;  // of equal tokens, the lowest id
    }
}

int TokenIndex::find(std::string_view wanted) const {
    const size_t mask = slots_.size() - 1;
    for (size_t slot = hash(wanted) & mask; slots_[slot] >= 0; slot = (slot + 1) & mask) {
        if (tokens_->bytes(static_cast<size_t>(slots_[slot])) == wanted) return slots_[slot];
    }
    return -1;
}

void TokenIndex::encode_piece(std::string_view piece, std::vector<int>& tokens) const {
    if (const int whole = find(piece); whole >= 0) {
        tokens.push_back(whole);
        return;
    }
    constexpr int kNone = std::numeric_limits<int>::max();
    // Part i begins at parts[i].begin and ends where the next one begins; `rank` is the id of parts i and i +
    // 1 merged.
    struct Part {
        size_t begin;
        int rank;
    };
    std::vector<Part> parts;
    for (size_t i = 0; i <= piece.size(); ++i) parts.push_back({i, kNone});
    const auto rank = [&](size_t i) {
        if (i + 2 >= parts.size()) return kNone;
        const int id = find(piece.substr(parts[i].begin, parts[i + 2].begin - parts[i].begin));
        return id < 0 ? kNone : id;
    };
    for (size_t i = 0; i < parts.size(); ++i) parts[i].rank = rank(i);
    for (;;) {
        const auto best = std::min_element(parts.begin(), parts.end(),
                                           [](const Part& a, const Part& b) { return a.rank < b.rank; });
        if (best->rank == kNone) break;
        const auto i = static_cast<size_t>(best - parts.begin());
        parts.erase(best + 1);
        parts[i].rank = rank(i);
        if (i > 0) parts[i - 1].rank = rank(i - 1);
    }
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
        const int id = find(piece.substr(parts[i].begin, parts[i + 1].begin - parts[i].begin));
        if (id >= 0) tokens.push_back(id);  // a vocabulary has all 256 bytes: the tokenizer checks that
    }
}

bool bytes_of_gpt2_text(std::string_view text, std::string& bytes) {
    static const auto table = make_byte_of_character();
    while (!text.empty()) {
        if (text[0] > ' ' && text[0] <= '~') {
            bytes += text[0];
            text.remove_prefix(1);
            continue;
        }
        const utf8::Character c = utf8::first(text);
        if (!c.valid || c.code >= kCharacters || table[c.code] < 0) return false;
        bytes += static_cast<char>(table[c.code]);
        text.remove_prefix(c.size);
    }
    return true;
}

void append_gpt2_text(std::string_view bytes, std::string& text) {
    static const auto characters = [] {
        const auto bytes_of = make_byte_of_character();
        std::array<char16_t, 256> table{};
        for (size_t c = 0; c < bytes_of.size(); ++c) {
            if (bytes_of[c] >= 0) table[static_cast<size_t>(bytes_of[c])] = static_cast<char16_t>(c);
        }
        return table;
    }();
    for (const char byte : bytes) {
        const char16_t c = characters[static_cast<uint8_t>(byte)];
        if (c < 0x80) {
            text += static_cast<char>(c);
        } else {  // all are below U+0144: two bytes of UTF-8
            text += static_cast<char>(0xC0 | c >> 6);
            text += static_cast<char>(0x80 | (c & 0x3F));
        }
    }
}

size_t first_piece(std::string_view text) {
    constexpr std::string_view kContractions[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (const std::string_view contraction : kContractions) {
        if (text.starts_with(contraction)) return contraction.size();
    }
    const size_t space = text.starts_with(' ') && text.size() > 1 ? 1 : 0;
    const Step next = step(text.substr(space));
    if (next.kind != Kind::space) return space + run(text, space, next.kind);
    return white_space(text);
}

}  // namespace npuscribe
