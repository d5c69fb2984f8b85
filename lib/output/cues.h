#pragma once
// Segments, or words, as subtitle cues: what SubRip and WebVTT have in common.

#include <cstdint>
#include <string>
#include <vector>

#include "output/subtitles.h"
#include "transcribe/types.h"

namespace npuscribe::output {

struct Cue {
    int64_t start = 0;  // milliseconds
    int64_t end = 0;    // > start: a cue without length is never shown, and WebVTT forbids it
    std::string text;   // lines of valid UTF-8, none of them empty, not escaped
    size_t marked = 0;  // the part to be underlined: bytes [marked, marked_end)
    size_t marked_end = 0;
    std::string speaker{};  // on one line; empty where there are none
};

/// One cue a segment that has text; where the options ask for more, one a subtitle, or one a word. A cue
/// without length lasts until the next begins, at most a second. No cue has words of two speakers.
std::vector<Cue> cues(const Transcript& transcript, const SubtitleOptions& options = {});

/// The cue's text with each part escaped, and <u> around what is marked.
std::string marked_up(const Cue& cue, std::string (*escape)(std::string text));

}  // namespace npuscribe::output
