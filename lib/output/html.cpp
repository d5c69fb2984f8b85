#include <cmath>
#include <cstdio>

#include "output/confidence.h"
#include "output/formats.h"
#include "output/markup.h"
#include "output/page_html.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

/// Below these a word is shaded, lightly first.
constexpr double kUnsure[] = {0.75, 0.5, 0.25};

std::string decimal(double value) {
    char out[48];
    std::snprintf(out, sizeof out, "%.3f", static_cast<double>(milliseconds(value)) / 1000);
    std::string text = out;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

// "1:02", "1:00:02": for people.
std::string clock(double seconds) {
    const int64_t whole = milliseconds(seconds) / 1000;
    const auto hours = static_cast<long long>(whole / 3600);
    const auto minutes = static_cast<int>(whole / 60 % 60);
    const auto rest = static_cast<int>(whole % 60);
    char out[48];
    if (hours > 0) {
        std::snprintf(out, sizeof out, "%lld:%02d:%02d", hours, minutes, rest);
    } else {
        std::snprintf(out, sizeof out, "%d:%02d", minutes, rest);
    }
    return out;
}

std::string span_of(double start, double end) {
    return " data-start=\"" + decimal(start) + "\" data-end=\"" + decimal(end) + "\"";
}

std::string part_html(const Part& part) {
    const std::string text = flat(part.text);
    const size_t word_at = text.find_first_not_of(' ');
    if (word_at == std::string::npos) return text;
    const size_t word_end = text.find_last_not_of(' ') + 1;
    std::string classes = part.word != nullptr ? "word" : "";
    std::string data = part.word != nullptr ? span_of(part.word->start, part.word->end) : "";
    if (part.probability && std::isfinite(*part.probability)) {
        int level = 0;
        for (const double limit : kUnsure) level += *part.probability < limit ? 1 : 0;
        if (level > 0) classes += (classes.empty() ? "u" : " u") + std::to_string(level);
        if (level > 0 || part.word != nullptr)
            data += " data-sure=\"" + std::to_string(std::lround(*part.probability * 100)) + "\"";
    }
    const std::string word = escaped(text.substr(word_at, word_end - word_at));
    const std::string span =
        classes.empty() ? word : "<span class=\"" + classes + "\"" + data + ">" + word + "</span>";
    return text.substr(0, word_at) + span + text.substr(word_end);
}

std::string segment_html(const Segment& segment) {
    std::string out = "<div class=\"segment\"" + span_of(segment.start, segment.end) +
                      "><a class=\"time\" href=\"#t=" + decimal(segment.start) + "\">" +
                      clock(segment.start) + "</a><div>";
    if (!segment.speaker.empty())
        out += "<b class=\"speaker\">Speaker " + escaped(one_line(segment.speaker)) + "</b> ";
    out += "<span class=\"text\" dir=\"auto\">";
    std::string text;
    for (const Part& part : parts(segment)) text += part_html(part);
    const size_t first = text.find_first_not_of(' ');
    out += text.substr(first, text.find_last_not_of(' ') - first + 1);
    return out + "</span></div></div>\n";
}

std::string about(const Transcript& transcript) {
    const std::string language = transcript.language.empty()
                                     ? "no speech"
                                     : "<span id=\"language\">" + escaped(transcript.language) + "</span>";
    const size_t count = transcript.segments.size();
    return language + " · " + clock(transcript.duration) + " · " + std::to_string(count) +
           (count == 1 ? " segment" : " segments");
}

}  // namespace

std::string html(const Transcript& transcript, const PageOptions& options) {
    std::string segments;
    bool words = false;
    for (const Segment& segment : transcript.segments) {
        if (one_line(segment.text).empty()) continue;
        segments += segment_html(segment);
        words = words || !segment.words.empty();
    }
    if (segments.empty()) segments = "<p>Nothing was said.</p>\n";
    std::string audio, legend;
    if (!options.audio_url.empty()) {
        audio = "<audio controls preload=\"metadata\" src=\"" + escaped(options.audio_url) +
                "\" data-name=\"" + escaped(options.audio_name) + "\"></audio>";
        legend = std::string("Click a ") + (words ? "word" : "line") + " to hear it. ";
    }
    legend += "The deeper the <span class=\"u2\">shade</span>, the less sure the model was.";
    return filled(page_html(), {{"title", escaped(options.title.empty() ? "Transcript" : options.title)},
                                {"about", about(transcript)},
                                {"legend", "<p class=\"legend\">" + legend + "</p>"},
                                {"audio", audio},
                                {"language", escaped(transcript.language)},
                                {"segments", segments}});
}

}  // namespace npuscribe::output
