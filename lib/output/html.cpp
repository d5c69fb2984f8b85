#include <fmt/format.h>

#include <cmath>

#include "output/confidence.h"
#include "output/formats.h"
#include "output/markup.h"
#include "output/page_html.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

/// Words of a lower probability are shaded: lightly below the first of these, deeply below the last.
constexpr double kUnsure[] = {0.75, 0.5, 0.25};

std::string decimal(double value) {
    std::string text = fmt::format("{:.3f}", static_cast<double>(milliseconds(value)) / 1000);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

// "1:02", "1:00:02".
std::string clock(double seconds) {
    const int64_t whole = milliseconds(seconds) / 1000;
    const int64_t hours = whole / 3600;
    const int64_t minutes = whole / 60 % 60;
    if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
    return fmt::format("{}:{:02}", minutes, whole % 60);
}

std::string span_of(double start, double end) {
    return fmt::format(R"( data-start="{}" data-end="{}")", decimal(start), decimal(end));
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
        if (level > 0) classes += fmt::format("{}{}", classes.empty() ? "u" : " u", level);
        if (level > 0 || part.word != nullptr)
            data += fmt::format(R"( data-sure="{}")", std::lround(*part.probability * 100));
    }
    const std::string word = escaped(text.substr(word_at, word_end - word_at));
    const std::string span =
        classes.empty() ? word : fmt::format(R"(<span class="{}"{}>{}</span>)", classes, data, word);
    return text.substr(0, word_at) + span + text.substr(word_end);
}

std::string segment_html(const Segment& segment) {
    std::string out =
        fmt::format(R"(<div class="segment"{}><a class="time" href="#t={}">{}</a><div>)",
                    span_of(segment.start, segment.end), decimal(segment.start), clock(segment.start));
    if (!segment.speaker.empty())
        out += fmt::format(R"(<b class="speaker">Speaker {}</b> )", escaped(one_line(segment.speaker)));
    out += "<span class=\"text\" dir=\"auto\">";
    std::string text;
    for (const Part& part : parts(segment)) text += part_html(part);
    const size_t first = text.find_first_not_of(' ');
    out += text.substr(first, text.find_last_not_of(' ') - first + 1);
    return out + "</span></div></div>\n";
}

std::string about(const Transcript& transcript) {
    const std::string language = transcript.language.empty() ? "no speech"
                                                             : fmt::format(R"(<span id="language">{}</span>)",
                                                                           escaped(transcript.language));
    const size_t count = transcript.segments.size();
    return fmt::format("{} · {} · {} {}", language, clock(transcript.duration), count,
                       count == 1 ? "segment" : "segments");
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
        audio = fmt::format(R"(<audio controls preload="metadata" src="{}" data-name="{}"></audio>)",
                            escaped(options.audio_url), escaped(options.audio_name));
        legend = fmt::format("Click a {} to hear it. ", words ? "word" : "line");
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
