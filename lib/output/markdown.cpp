#include <fmt/format.h>

#include <string>

#include "output/formats.h"
#include "output/paragraphs.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

/// Text in which no character is markup (CommonMark 0.31, section 2.4). An ampersand is left as it is unless
/// it would begin a character reference.
std::string escaped_markdown(const std::string& text) {
    constexpr std::string_view kMarkup = "\\`*_[]<>~";
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        const size_t word = text.find_first_of("; &", i + 1);
        const bool reference = text[i] == '&' && word != std::string::npos && text[word] == ';';
        if (reference || kMarkup.find(text[i]) != std::string_view::npos) out += '\\';
        out += text[i];
    }
    return out;
}

}  // namespace

std::string md(const Transcript& transcript) {
    std::string out;
    for (const Paragraph& paragraph : paragraphs(transcript)) {
        // Without milliseconds: "01:02", "01:00:02".
        std::string time = timestamp(milliseconds(paragraph.start), '.', false);
        time.resize(time.size() - 4);
        const std::string speaker =
            paragraph.speaker.empty() ? "" : fmt::format(" speaker {}", escaped_markdown(paragraph.speaker));
        out += fmt::format("{}**{}{}** {}\n", out.empty() ? "" : "\n", time, speaker,
                           escaped_markdown(paragraph.text));
    }
    return out;
}

}  // namespace npuscribe::output
