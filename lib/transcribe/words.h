#pragma once
// Words and their times, from the times of a window's tokens (openai/whisper, whisper/timing.py:
// merge_punctuations, add_word_timestamps).

#include <span>
#include <vector>

#include "decoder/result.h"
#include "decoder/vocabulary.h"
#include "transcribe/options.h"
#include "transcribe/types.h"

namespace npuscribe {

/// A segment while its times are still those of the window.
struct TimedSegment {
    std::vector<Word> words;
    double start = 0;  // seconds in the window
    double end = 0;
};

/// The words of result.tokens [first, first + count); joined they are the tokens' text. Needs
/// result.text_times. A word's probability is the mean of its tokens'.
std::vector<Word> words_of(const DecodingResult& result, size_t first, size_t count,
                           const Vocabulary& vocabulary);

/// Joins punctuation to the word beside it, whose times and probability do not change.
void merge_punctuations(std::vector<Word>& words, const WordOptions& options);

/// For all segments of a window that have words: shortens words that a pause has made too long, by OpenAI's
/// rules, joins punctuation to words, and lets each segment begin with its first word and end with its last.
/// The words are in order, and none begins before its predecessor ends.
void settle_words(std::span<TimedSegment> segments, const WordOptions& options);

/// Puts a segment after the one before it, because windows may overlap a little: it starts no earlier, and if
/// both have words, not before the other's last word has ended.
void put_after(const Segment& before, Segment& segment);

}  // namespace npuscribe
