#include "output/cues.h"

#include <fmt/format.h>

#include <algorithm>

#include "output/broadcast.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

/// Adds a cue for each word, in which the word is marked, and one for each gap between words (OpenAI's
/// iterate_result).
void add_highlighted(const Subtitle& subtitle, const std::string& text, std::vector<Cue>& out) {
    int64_t last = milliseconds(subtitle.front().start);
    size_t at = 0;
    for (const Word& word : subtitle) {
        const int64_t start = milliseconds(word.start);
        const int64_t end = milliseconds(word.end);
        if (start > last) out.push_back({last, start, text});
        const size_t blank = std::min(word.text.find_first_not_of(" \n"), word.text.size());
        out.push_back({start, end, text, at + blank, at + word.text.size()});
        last = std::max(start, end);
        at += word.text.size();
    }
}

/// Cues of segments that all have the same speaker.
std::vector<Cue> cues_of_words(const Transcript& transcript, const SubtitleOptions& options) {
    std::vector<Cue> out;
    for (const Subtitle& subtitle : subtitles(transcript, options)) {
        std::string text;
        for (const Word& word : subtitle) text += word.text;
        if (text.find_first_not_of(" \n") == std::string::npos) continue;
        if (options.highlight_words) {
            add_highlighted(subtitle, text, out);
        } else {
            out.push_back({milliseconds(subtitle.front().start), milliseconds(subtitle.back().end), text});
        }
    }
    return out;
}

/// Cuts each run of segments of one speaker into subtitles by itself.
std::vector<Cue> cues_of_speakers(const Transcript& transcript, const SubtitleOptions& options) {
    std::vector<Cue> out;
    const auto& segments = transcript.segments;
    for (auto first = segments.begin(); first != segments.end();) {
        const auto last = std::find_if(first, segments.end(),
                                       [&](const Segment& s) { return s.speaker != first->speaker; });
        Transcript run;
        run.segments.assign(first, last);
        for (Cue& cue : cues_of_words(run, options)) {
            cue.speaker = one_line(first->speaker);
            out.push_back(std::move(cue));
        }
        first = last;
    }
    return out;
}

std::vector<Cue> cues_of_segments(const Transcript& transcript) {
    std::vector<Cue> out;
    for (const Segment& segment : transcript.segments) {
        Cue cue{milliseconds(segment.start), milliseconds(segment.end), one_line(segment.text)};
        cue.speaker = one_line(segment.speaker);
        if (!cue.text.empty()) out.push_back(std::move(cue));
    }
    return out;
}

}  // namespace

std::vector<Cue> cues(const Transcript& transcript, const SubtitleOptions& options) {
    if (options.broadcast) return broadcast_cues(transcript, options);
    constexpr int64_t kShown = 1000;  // length of a cue that has none, if there is room
    std::vector<Cue> out =
        options.need_words() ? cues_of_speakers(transcript, options) : cues_of_segments(transcript);
    for (size_t i = 0; i < out.size(); ++i) {
        if (out[i].end > out[i].start) continue;
        out[i].end = out[i].start + kShown;
        if (i + 1 < out.size()) out[i].end = std::clamp(out[i + 1].start, out[i].start + 1, out[i].end);
    }
    return out;
}

std::string marked_up(const Cue& cue, std::string (*escape)(std::string text)) {
    if (cue.marked == cue.marked_end) return escape(cue.text);
    return fmt::format("{}<u>{}</u>{}", escape(cue.text.substr(0, cue.marked)),
                       escape(cue.text.substr(cue.marked, cue.marked_end - cue.marked)),
                       escape(cue.text.substr(cue.marked_end)));
}

}  // namespace npuscribe::output
