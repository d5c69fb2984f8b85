#include <fmt/format.h>

#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {

std::string tsv(const Transcript& transcript) {
    const bool speakers = has_speakers(transcript);
    std::string out = speakers ? "start\tend\tspeaker\ttext\n" : "start\tend\ttext\n";
    for (const Segment& segment : transcript.segments) {
        // A tab is a control character, so one_line makes it a space.
        const std::string speaker = speakers ? one_line(segment.speaker) + "\t" : "";
        out += fmt::format("{}\t{}\t{}{}\n", milliseconds(segment.start), milliseconds(segment.end), speaker,
                           one_line(segment.text));
    }
    return out;
}

}  // namespace npuscribe::output
