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

/// The words of `tokens`, which are [first, first + count) of result.tokens; joined they are their text.
/// Wants result.text_times. A word's probability is the mean of its tokens'.
std::vector<Word> words_of(const DecodingResult& result, size_t first, size_t count,
                           const Vocabulary& vocabulary);

/// Punctuation goes to the word beside it, whose time and probability stay what they are.
void merge_punctuations(std::vector<Word>& words, const WordOptions& options);

/// For all segments of a window that have words: shortens what a pause has made too long, by OpenAI's rules,
/// puts punctuation to its words, and lets each segment begin with its first word and end with its last.
/// Words come out in order, none beginning before the one before it ends.
void settle_words(std::span<TimedSegment> segments, const WordOptions& options);

/// Windows may overlap by a little: a segment starts no earlier than the one before it, and where both have
/// words, with none before the other's last word has ended.
void put_after(const Segment& before, Segment& segment);

}  // namespace npuscribe
