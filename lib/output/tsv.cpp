#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {

std::string tsv(const Transcript& transcript) {
    std::string out = "start\tend\ttext\n";
    for (const Segment& segment : transcript.segments) {
        // A tab is a control character: one_line has made it a space.
        out += std::to_string(milliseconds(segment.start)) + "\t" +
               std::to_string(milliseconds(segment.end)) + "\t" + one_line(segment.text) + "\n";
    }
    return out;
}

}  // namespace npuscribe::output
