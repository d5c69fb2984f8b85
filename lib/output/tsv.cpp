#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {

std::string tsv(const Transcript& transcript) {
    const bool speakers = has_speakers(transcript);
    std::string out = speakers ? "start\tend\tspeaker\ttext\n" : "start\tend\ttext\n";
    for (const Segment& segment : transcript.segments) {
        // A tab is a control character: one_line has made it a space.
        out += std::to_string(milliseconds(segment.start)) + "\t" +
               std::to_string(milliseconds(segment.end)) + "\t" +
               (speakers ? one_line(segment.speaker) + "\t" : "") + one_line(segment.text) + "\n";
    }
    return out;
}

}  // namespace npuscribe::output
