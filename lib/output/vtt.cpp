#include <fmt/format.h>

#include "output/cues.h"
#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

// WebVTT, section 4.2.2: the characters that cue text cannot hold as they are. Escaping '>' makes "-->"
// harmless, too.
std::string escaped(std::string text) {
    std::string out;
    for (const char c : text)
        out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    return out;
}

}  // namespace

std::string vtt(const Transcript& transcript, const SubtitleOptions& options) {
    std::string out = "WEBVTT\n\n";
    for (const Cue& cue : cues(transcript, options)) {
        const std::string speaker =
            cue.speaker.empty() ? "" : fmt::format("<v Speaker{}>", escaped(cue.speaker));
        out += fmt::format("{} --> {}\n{}{}\n\n", timestamp(cue.start, '.', false),
                           timestamp(cue.end, '.', false), speaker, marked_up(cue, escaped));
    }
    return out;
}

}  // namespace npuscribe::output
