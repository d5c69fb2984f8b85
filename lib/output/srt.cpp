#include <fmt/format.h>

#include "output/cues.h"
#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

// SubRip has no escapes, so an arrow in the text would be read as a line of times. Shortens arrows as
// openai-whisper does, until none is left: shortened once, "--->" is an arrow again.
std::string without_arrow(std::string text) {
    for (size_t at = text.find("-->"); at != std::string::npos; at = text.find("-->")) text.erase(at, 1);
    return text;
}

}  // namespace

std::string srt(const Transcript& transcript, const SubtitleOptions& options) {
    std::string out;
    int number = 0;
    for (const Cue& cue : cues(transcript, options)) {
        const std::string speaker =
            cue.speaker.empty() ? "" : fmt::format("(speaker {}) ", without_arrow(cue.speaker));
        out += fmt::format("{}\n{} --> {}\n{}{}\n\n", ++number, timestamp(cue.start, ',', true),
                           timestamp(cue.end, ',', true), speaker, marked_up(cue, without_arrow));
    }
    return out;
}

}  // namespace npuscribe::output
