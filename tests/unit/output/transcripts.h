#pragma once
// Transcripts to write, made by hand.

#include <string>

#include "transcribe/types.h"

namespace npuscribe::test {

inline Segment segment(double start, double end, std::string text) {
    Segment out;
    out.start = start;
    out.end = end;
    out.text = std::move(text);
    return out;
}

/// A transcript whose segments are numbered from 0.
inline Transcript transcript(std::vector<Segment> segments) {
    Transcript out;
    out.language = "en";
    out.segments = std::move(segments);
    int id = 0;
    for (Segment& s : out.segments) s.id = id++;
    return out;
}

}  // namespace npuscribe::test
