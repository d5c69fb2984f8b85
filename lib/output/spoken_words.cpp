#include "output/spoken_words.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "base/utf8.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

constexpr std::array<std::string_view, 9> kSentenceMarks = {".", "!", "?", "…", "。", "！", "？", "؟", "।"};
constexpr std::array<std::string_view, 10> kClauseMarks = {",",  ";",  ":",  "—",  "–",
                                                           "、", "，", "；", "：", "،"};
constexpr std::array<std::string_view, 11> kClosing = {"\"", "'", ")",  "]",  "}", "”",
                                                       "’",  "»", "」", "』", "）"};
/// A full stop after these ends no sentence.
constexpr std::array<std::string_view, 9> kAbbreviations = {"mr.", "mrs.", "ms.", "dr.", "prof.",
                                                            "st.", "vs.",  "jr.", "sr."};

template <size_t kCount>
bool ends_with_any(std::string_view text, const std::array<std::string_view, kCount>& marks) {
    return std::any_of(marks.begin(), marks.end(),
                       [&](std::string_view mark) { return text.ends_with(mark); });
}

std::string_view without_closing_marks(std::string_view word) {
    word = strip(word);
    for (bool found = true; found;) {
        found = false;
        for (const std::string_view mark : kClosing) {
            if (!word.ends_with(mark)) continue;
            word.remove_suffix(mark.size());
            found = true;
        }
    }
    return word;
}

}  // namespace

std::vector<Word> spoken_words(const Segment& segment) {
    std::vector<Word> words = segment.words;
    if (!words.empty()) {
        for (Word& word : words) word.text = flat(word.text);
        return words;
    }
    const std::string text = flat(segment.text);
    const auto all = static_cast<double>(std::max<size_t>(1, columns(text)));
    size_t before = 0;
    for (size_t from = 0; from < text.size();) {
        const size_t begin = std::min(text.find_first_not_of(' ', from), text.size());
        size_t to = std::min(text.find(' ', begin), text.size());
        if (text.find_first_not_of(' ', to) == std::string::npos) to = text.size();
        Word word;
        word.text = text.substr(from, to - from);
        const size_t after = before + columns(word.text);
        word.start = segment.start + (segment.end - segment.start) * static_cast<double>(before) / all;
        word.end = segment.start + (segment.end - segment.start) * static_cast<double>(after) / all;
        word.probability = 1;
        words.push_back(std::move(word));
        before = after;
        from = to;
    }
    return words;
}

bool ends_sentence(std::string_view word, std::string_view next) {
    const std::string_view bare = without_closing_marks(word);
    if (!ends_with_any(bare, kSentenceMarks)) return false;
    if (!bare.ends_with('.')) return true;
    const std::string lower = to_lower(bare.substr(bare.find_last_of(' ') + 1));
    if (std::find(kAbbreviations.begin(), kAbbreviations.end(), lower) != kAbbreviations.end()) return false;
    next = strip(next);
    return next.empty() || next.front() < 'a' || next.front() > 'z';
}

bool ends_clause(std::string_view word) {
    return ends_with_any(without_closing_marks(word), kClauseMarks);
}

size_t columns(std::string_view text) {
    size_t count = 0;
    while (!text.empty()) {
        const utf8::Character character = utf8::first(text);
        count += std::max<size_t>(1, utf8::columns(character.code));
        text.remove_prefix(character.size);
    }
    return count;
}

}  // namespace npuscribe::output
