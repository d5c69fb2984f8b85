#pragma once
// Cuts words into subtitles, as openai-whisper does (whisper/utils.py: SubtitlesWriter).

#include <optional>
#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

/// What broadcasters ask of a cue, in seconds.
struct CueLimits {
    double min_seconds = 0.834;  // 5/6 s, rounded up to whole milliseconds
    double max_seconds = 7;
    double max_characters_per_second = 20;  // where the speech allows it
    double min_gap = 0.083;                 // between two cues: two frames
};

inline constexpr int kBroadcastWidth = 42;  // characters of a line, if no width is given
inline constexpr int kBroadcastLines = 2;   // of a cue, if no count is given

/// Any of these needs words with times.
struct SubtitleOptions {
    bool highlight_words = false;           // a cue for each word, with the word underlined
    std::optional<int> max_line_width;      // in characters
    std::optional<int> max_line_count;      // of a cue; with max_line_width, cues no longer follow segments
    std::optional<int> max_words_per_line;  // of a cue that follows its segment
    /// Cues by `limits` (broadcast.h), whatever the segments are.
    bool broadcast = false;
    CueLimits limits = {};

    bool need_words() const {
        return highlight_words || max_line_width || max_line_count || max_words_per_line || broadcast;
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
