#include <fmt/format.h>

#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

// RFC 4180, section 2: a field in quotes, in which quotes are doubled.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

}  // namespace

std::string csv(const Transcript& transcript) {
    const bool speakers = has_speakers(transcript);
    std::string out = speakers ? "start,end,speaker,text\n" : "start,end,text\n";
    for (const Segment& segment : transcript.segments) {
        const std::string speaker = speakers ? quoted(one_line(segment.speaker)) + "," : "";
        out += fmt::format("{},{},{}{}\n", milliseconds(segment.start), milliseconds(segment.end), speaker,
                           quoted(one_line(segment.text)));
    }
    return out;
}

}  // namespace npuscribe::output
