#pragma once
// Segments or words as subtitle cues: the part that SubRip and WebVTT share.

#include <cstdint>
#include <string>
#include <vector>

#include "output/subtitles.h"
#include "transcribe/types.h"

namespace npuscribe::output {

struct Cue {
    int64_t start = 0;  // milliseconds
    int64_t end = 0;    // > start, because a cue without length is never shown, and WebVTT forbids it
    std::string text;   // lines of valid UTF-8, none of them empty, not escaped
    size_t marked = 0;  // bytes [marked, marked_end) are underlined
    size_t marked_end = 0;
    std::string speaker{};  // on one line; empty if there is none
};

/// One cue for each segment that has text or, if the options ask for it, for each subtitle or word, or by the
/// rules of broadcasters (broadcast.h). A cue
/// without length lasts until the next one begins, and a second at most. No cue has words of two speakers.
std::vector<Cue> cues(const Transcript& transcript, const SubtitleOptions& options = {});

/// The cue's text, escaped, with <u> around the marked part.
std::string marked_up(const Cue& cue, std::string (*escape)(std::string text));

}  // namespace npuscribe::output
