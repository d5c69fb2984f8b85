#pragma once
// A segment as words with times, whether they were found or not, and what their punctuation means.

#include <string_view>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

/// The segment's words on one line each. If it has none, its text is cut before each space, and its time is
/// shared out by their characters. Joined they are the segment's text (flat in text.h).
std::vector<Word> spoken_words(const Segment& segment);

/// True if a sentence ends with `word`, which may be a longer text: it has such a mark at its end and no
/// known abbreviation, and `next`, the text after it, does not begin with a small Latin letter. `next` may be
/// empty.
bool ends_sentence(std::string_view word, std::string_view next);
/// True if a word ends with a comma, a colon or the like.
bool ends_clause(std::string_view word);

/// Columns that valid UTF-8 takes: two for each wide East Asian character, one for any other.
size_t columns(std::string_view text);

}  // namespace npuscribe::output
