#include <fmt/format.h>

#include <algorithm>

#include "output/formats.h"
#include "output/paragraphs.h"
#include "output/text.h"

namespace npuscribe::output {

std::string line(const Segment& segment) {
    const std::string text = one_line(segment.text);
    if (text.empty() || segment.speaker.empty()) return text;
    return fmt::format("(speaker {}) {}", one_line(segment.speaker), text);
}

bool has_speakers(const Transcript& transcript) {
    return std::any_of(transcript.segments.begin(), transcript.segments.end(),
                       [](const Segment& segment) { return !segment.speaker.empty(); });
}

std::string txt(const Transcript& transcript) {
    std::string out;
    for (const Segment& segment : transcript.segments) {
        const std::string text = line(segment);
        if (!text.empty()) out += text + "\n";
    }
    return out;
}

std::string txt_paragraphs(const Transcript& transcript) {
    std::string out;
    for (const Paragraph& paragraph : paragraphs(transcript)) {
        const std::string speaker =
            paragraph.speaker.empty() ? "" : fmt::format("(speaker {}) ", paragraph.speaker);
        out += fmt::format("{}{}{}\n", out.empty() ? "" : "\n", speaker, paragraph.text);
    }
    return out;
}

}  // namespace npuscribe::output
