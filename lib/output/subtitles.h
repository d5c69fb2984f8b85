#pragma once
// How words become subtitles (openai/whisper, whisper/utils.py: SubtitlesWriter).

#include <optional>
#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

/// What of this is asked for needs words with times.
struct SubtitleOptions {
    bool highlight_words = false;           // a cue for each word, with the word underlined
    std::optional<int> max_line_width;      // in characters
    std::optional<int> max_line_count;      // lines of a cue; with a width, cues no longer follow segments
    std::optional<int> max_words_per_line;  // of a cue that follows its segment

    bool need_words() const {
        return highlight_words || max_line_width || max_line_count || max_words_per_line;
    }
};

/// What is shown at once: words whose texts, joined, are its lines. The text is valid UTF-8 without control
/// characters but for line feeds, which stand before the first word of a line.
using Subtitle = std::vector<Word>;

/// Cut between words alone: where a line is full, where a segment ends (unless lines are counted), after a
/// pause of more than 3 s (where they are). A word longer than a line has a line to itself. A segment without
/// words is one word.
std::vector<Subtitle> subtitles(const Transcript& transcript, const SubtitleOptions& options);

}  // namespace npuscribe::output
