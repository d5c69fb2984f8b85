#include "output/cues.h"

#include <algorithm>

#include "output/text.h"

namespace npuscribe::output {

std::vector<Cue> cues(const Transcript& transcript) {
    constexpr int64_t kShown = 1000;  // what a cue without length is given, where there is room
    std::vector<Cue> out;
    for (const Segment& segment : transcript.segments) {
        Cue cue{milliseconds(segment.start), milliseconds(segment.end), one_line(segment.text)};
        if (!cue.text.empty()) out.push_back(std::move(cue));
    }
    for (size_t i = 0; i < out.size(); ++i) {
        if (out[i].end > out[i].start) continue;
        out[i].end = out[i].start + kShown;
        if (i + 1 < out.size()) out[i].end = std::clamp(out[i + 1].start, out[i].start + 1, out[i].end);
    }
    return out;
}

}  // namespace npuscribe::output
