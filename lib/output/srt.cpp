#include "output/cues.h"
#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

// SubRip has no escapes: an arrow in the text would be read as a time line. Shortened as openai-whisper does,
// until none is left ("--->" shortened once is an arrow again).
std::string without_arrow(std::string text) {
    for (size_t at = text.find("-->"); at != std::string::npos; at = text.find("-->")) text.erase(at, 1);
    return text;
}

}  // namespace

std::string srt(const Transcript& transcript, const SubtitleOptions& options) {
    std::string out;
    int number = 0;
    for (const Cue& cue : cues(transcript, options)) {
        out += std::to_string(++number) + "\n" + timestamp(cue.start, ',', true) + " --> " +
               timestamp(cue.end, ',', true) + "\n" +
               (cue.speaker.empty() ? "" : "(speaker " + without_arrow(cue.speaker) + ") ") +
               marked_up(cue, without_arrow) + "\n\n";
    }
    return out;
}

}  // namespace npuscribe::output
