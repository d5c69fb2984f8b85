#include "output/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace npuscribe::output {
namespace {

/// A writer that needs no options.
template <std::string (*kWrite)(const Transcript&)>
std::string plain(const Transcript& transcript, const WriterOptions&) {
    return kWrite(transcript);
}

template <std::string (*kWrite)(const Transcript&, const SubtitleOptions&)>
std::string subtitled(const Transcript& transcript, const WriterOptions& options) {
    return kWrite(transcript, options.subtitles);
}

std::string page(const Transcript& transcript, const WriterOptions& options) {
    return html(transcript, options.page);
}

std::string text(const Transcript& transcript, const WriterOptions& options) {
    return options.paragraphs ? txt_paragraphs(transcript) : txt(transcript);
}

constexpr std::array kFormats = {
    Format{"txt", "txt", "plain text, a line for each segment", text},
    Format{"srt", "srt", "SubRip subtitles", subtitled<srt>},
    Format{"vtt", "vtt", "WebVTT subtitles", subtitled<vtt>},
    Format{"tsv", "tsv", "start and end in milliseconds, and text", plain<tsv>},
    Format{"csv", "csv", "the same with commas, the text in quotes", plain<csv>},
    Format{"lrc", "lrc", "LRC lyrics", plain<lrc>},
    Format{"json", "json", "segments with tokens and probabilities, under OpenAI's field names", plain<json>},
    Format{"json-full", "full.json", "the same, with every token's text and probability", plain<json_full>},
    Format{"html", "html", "a page that plays the recording; click a word to hear it", page},
    Format{"md", "md", "Markdown: paragraphs, each with its time", plain<md>, false},
};

std::string choices() {
    std::string out;
    for (const Format& format : kFormats) out += fmt::format("{}, ", format.name);
    return out + "all";
}

}  // namespace

std::span<const Format> formats() {
    return kFormats;
}

std::vector<Format> parse_formats(std::string_view list) {
    std::vector<Format> out;
    const auto add = [&](const Format& format) {
        const auto same = [&](const Format& other) { return other.name == format.name; };
        if (std::none_of(out.begin(), out.end(), same)) out.push_back(format);
    };
    std::vector<std::string_view> names = split(list, ',');
    if (list.empty() || list.ends_with(',')) names.emplace_back();  // an empty name, which split leaves out
    for (const std::string_view name : names) {
        if (name == "all") {
            for (const Format& format : kFormats) {
                if (format.in_all) add(format);
            }
            continue;
        }
        const auto found =
            std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
        if (found == kFormats.end()) {
            throw UsageError(
                fmt::format("'{}' is not an output format; the formats are {}", name, choices()));
        }
        add(*found);
    }
    return out;
}

}  // namespace npuscribe::output
