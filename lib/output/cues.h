#pragma once
// Segments as subtitle cues: what SubRip and WebVTT have in common.

#include <cstdint>
#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

struct Cue {
    int64_t start = 0;  // milliseconds
    int64_t end = 0;    // > start: a cue without length is never shown, and WebVTT forbids it
    std::string text;   // one line of valid UTF-8, not empty, not escaped
};

/// One cue a segment that has text. A segment without length lasts until the next cue begins, at most a
/// second.
std::vector<Cue> cues(const Transcript& transcript);

}  // namespace npuscribe::output
