#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "output/confidence.h"
#include "output/formats.h"
#include "output/markup.h"
#include "output/page_html.h"
#include "output/spoken_words.h"
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

constexpr double kPause = 2;     // seconds: a new line begins after more
constexpr double kLongest = 60;  // seconds of a line, even if no sentence ends

/// The text of a segment. Without words it is one part that can be played.
std::string said_html(const Segment& segment) {
    std::string out;
    for (const Part& part : parts(segment)) out += part_html(part);
    if (!segment.words.empty()) return out;
    const size_t first = std::min(out.find_first_not_of(' '), out.size());
    const size_t end = out.find_last_not_of(' ') + 1;
    return fmt::format("{}<span class=\"said\"{}>{}</span>{}", out.substr(0, first),
                       span_of(segment.start, segment.end), out.substr(first, end - first), out.substr(end));
}

/// Segments on one line of the page.
std::string line_html(std::span<const Segment* const> segments) {
    const Segment& first = *segments.front();
    std::string out =
        fmt::format(R"(<div class="segment"{}><a class="time" href="#t={}">{}</a><div>)",
                    span_of(first.start, segments.back()->end), decimal(first.start), clock(first.start));
    if (!first.speaker.empty())
        out += fmt::format(R"(<b class="speaker">Speaker {}</b> )", escaped(one_line(first.speaker)));
    out += "<span class=\"text\" dir=\"auto\">";
    std::string text;
    for (const Segment* segment : segments) text += said_html(*segment);
    const size_t begin = text.find_first_not_of(' ');
    out += text.substr(begin, text.find_last_not_of(' ') - begin + 1);
    return out + "</span></div></div>\n";
}

/// True if a line ends after `segment`: a sentence does, or somebody else speaks next, or after a pause.
bool line_ends(const Segment& first, const Segment& segment, const Segment& next) {
    return ends_sentence(segment.text, next.text) || segment.speaker != next.speaker ||
           next.start - segment.end > kPause || next.end - first.start > kLongest;
}

std::string lines_html(const Transcript& transcript) {
    std::vector<const Segment*> spoken;
    for (const Segment& segment : transcript.segments) {
        if (!one_line(segment.text).empty()) spoken.push_back(&segment);
    }
    std::string out;
    size_t first = 0;
    for (size_t i = 0; i < spoken.size(); ++i) {
        const bool last = i + 1 == spoken.size();
        if (!last && !line_ends(*spoken[first], *spoken[i], *spoken[i + 1])) continue;
        out += line_html(std::span(spoken).subspan(first, i + 1 - first));
        first = i + 1;
    }
    return out;
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
    std::string segments = lines_html(transcript);
    const bool words = std::any_of(transcript.segments.begin(), transcript.segments.end(),
                                   [](const Segment& segment) { return !segment.words.empty(); });
    if (segments.empty()) segments = "<p>Nothing was said.</p>\n";
    std::string audio, legend;
    if (!options.audio_url.empty()) {
        audio = fmt::format(R"(<audio controls preload="metadata" src="{}" data-name="{}"></audio>)",
                            escaped(options.audio_url), escaped(options.audio_name));
        legend = fmt::format("Click a {} to hear it. ", words ? "word" : "sentence");
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
