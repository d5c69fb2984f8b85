#include "corpus/word_errors.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/utf8.h"

namespace npuscribe::corpus {
namespace {

bool is_written_without_spaces(char32_t c) {
    struct Range {
        char32_t first, last;
    };
    constexpr Range kRanges[] = {
        {0x0E00, 0x0EFF},    // Thai, Lao
        {0x1000, 0x109F},    // Burmese
        {0x1780, 0x17FF},    // Khmer
        {0x3040, 0x30FF},    // Hiragana, Katakana
        {0x3400, 0x4DBF},    // Han
        {0x4E00, 0x9FFF},    // Han
        {0xF900, 0xFAFF},    // Han
        {0x20000, 0x3FFFF},  // Han
    };
    return std::any_of(std::begin(kRanges), std::end(kRanges),
                       [c](const Range& range) { return c >= range.first && c <= range.last; });
}

bool separates(char32_t c) {
    constexpr char32_t kFirstDash = 0x2010, kLastDash = 0x2015;  // hyphen … horizontal bar
    return utf8::is_space(c) || c == '-' || c == '/' || (c >= kFirstDash && c <= kLastDash);
}

bool is_mark(char32_t c) {  // it stands on the character before
    return c > 0x7F && utf8::columns(c) == 0;
}

/// Numbers words, so that comparing two of them compares numbers.
class Words {
  public:
    std::vector<uint32_t> of(std::string_view text) {
        std::vector<uint32_t> out;
        std::string word;
        const auto end_word = [&] {
            if (!word.empty())
                out.push_back(
                    numbers_.try_emplace(word, static_cast<uint32_t>(numbers_.size())).first->second);
            word.clear();
        };
        while (!text.empty()) {
            const utf8::Character next = utf8::first(text);
            text.remove_prefix(next.size);
            if (!next.valid) continue;
            const bool alone = is_written_without_spaces(next.code) && !is_mark(next.code);
            if (separates(next.code) || alone) end_word();
            if (utf8::is_letter(next.code) || utf8::is_number(next.code) || is_mark(next.code))
                utf8::append(word, utf8::to_small(next.code));
        }
        end_word();
        return out;
    }

  private:
    std::unordered_map<std::string, uint32_t> numbers_;
};

/// The Levenshtein distance if it is at most `most`, else a number above `most`. Only cells within `most` of
/// the diagonal are computed (Ukkonen 1985).
size_t distance(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b, size_t most) {
    const size_t n = a.size();
    const size_t m = b.size();
    if ((n > m ? n - m : m - n) > most) return most + 1;
    const size_t infinite = std::numeric_limits<size_t>::max() / 2;
    std::vector<size_t> row(m + 1, infinite);
    for (size_t j = 0; j <= std::min(m, most); ++j) row[j] = j;
    for (size_t i = 1; i <= n; ++i) {
        const size_t first = i > most ? i - most : 0;
        const size_t last = std::min(m, i + most);
        size_t diagonal = first > 0 ? row[first - 1] : row[0];
        size_t left = infinite;
        if (first == 0) row[0] = left = i;
        for (size_t j = std::max<size_t>(first, 1); j <= last; ++j) {
            const size_t above = row[j];
            row[j] = std::min({above + 1, left + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
            left = row[j];
        }
        if (last < m) row[last + 1] = infinite;
    }
    return row[m];
}

}  // namespace

WordErrors& WordErrors::operator+=(const WordErrors& other) {
    words += other.words;
    errors += other.errors;
    return *this;
}

WordErrors word_errors(std::string_view reference, std::string_view written) {
    Words words;
    const std::vector<uint32_t> a = words.of(reference);
    const std::vector<uint32_t> b = words.of(written);
    const size_t longest = std::max(a.size(), b.size());
    for (size_t most = 16;; most *= 2) {
        const size_t errors = distance(a, b, std::min(most, longest));
        if (errors <= most || most >= longest) return {a.size(), errors};
    }
}

}  // namespace npuscribe::corpus
