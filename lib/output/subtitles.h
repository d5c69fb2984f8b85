#pragma once
// Cuts words into subtitles, as openai-whisper does (whisper/utils.py: SubtitlesWriter).

#include <optional>
#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

/// Any of these needs words with times.
struct SubtitleOptions {
    bool highlight_words = false;           // a cue for each word, with the word underlined
    std::optional<int> max_line_width;      // in characters
    std::optional<int> max_line_count;      // of a cue; with max_line_width, cues no longer follow segments
    std::optional<int> max_words_per_line;  // of a cue that follows its segment

    bool need_words() const {
        return highlight_words || max_line_width || max_line_count || max_words_per_line;
    }
};

/// Words that are shown together. Joined, their texts are its lines: valid UTF-8 without control characters,
/// except for a line feed before the first word of each further line.
using Subtitle = std::vector<Word>;

/// Cuts only between words: when a line is full, and at the end of a segment or, if lines are counted, at a
/// pause of more than 3 s instead. A word longer than a line has a line to itself. A segment without words is
/// one word.
std::vector<Subtitle> subtitles(const Transcript& transcript, const SubtitleOptions& options);

}  // namespace npuscribe::output
