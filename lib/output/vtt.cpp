#include "output/cues.h"
#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

// WebVTT, section 4.2.2: the characters that cue text cannot hold as they are. '>' makes "-->" harmless, too.
std::string escaped(std::string text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace

std::string vtt(const Transcript& transcript, const SubtitleOptions& options) {
    std::string out = "WEBVTT\n\n";
    for (const Cue& cue : cues(transcript, options)) {
        out += timestamp(cue.start, '.', false) + " --> " + timestamp(cue.end, '.', false) + "\n" +
               (cue.speaker.empty() ? "" : "<v Speaker" + escaped(cue.speaker) + ">") +
               marked_up(cue, escaped) + "\n\n";
    }
    return out;
}

}  // namespace npuscribe::output
