#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {

std::string txt(const Transcript& transcript) {
    std::string out;
    for (const Segment& segment : transcript.segments) {
        const std::string text = one_line(segment.text);
        if (!text.empty()) out += text + "\n";
    }
    return out;
}

}  // namespace npuscribe::output
