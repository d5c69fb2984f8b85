#include "output/formats.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace npuscribe::output {
namespace {

constexpr std::array kFormats = {
    Format{"txt", "plain text, a line for each segment", txt},
    Format{"srt", "SubRip subtitles", srt},
    Format{"vtt", "WebVTT subtitles", vtt},
    Format{"tsv", "start and end in milliseconds, and text", tsv},
    Format{"json", "segments with tokens and probabilities, under OpenAI's field names", json},
};

std::string choices() {
    std::string out;
    for (const Format& format : kFormats) out += std::string(format.name) + ", ";
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
    for (size_t at = 0; at <= list.size();) {
        const size_t comma = std::min(list.find(',', at), list.size());
        const std::string_view name = list.substr(at, comma - at);
        at = comma + 1;
        if (name == "all") {
            for (const Format& format : kFormats) add(format);
            continue;
        }
        const auto found =
            std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
        if (found == kFormats.end()) {
            throw UsageError("'" + std::string(name) + "' is not an output format; there are " + choices());
        }
        add(*found);
    }
    return out;
}

}  // namespace npuscribe::output
