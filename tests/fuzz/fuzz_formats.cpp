// Every writer gives valid UTF-8 for any transcript, cut into subtitles in any way, after any replacements.

#include "base/error.h"
#include "base/utf8.h"
#include "fuzz_transcript.h"
#include "output/formats.h"
#include "output/replacements.h"

namespace {

using namespace npuscribe;

std::optional<int> limit(fuzz::Cutter& input) {
    const uint8_t value = input.byte();
    return value < 128 ? std::nullopt : std::optional(value - 127);
}

output::WriterOptions options_of(fuzz::Cutter& input) {
    output::WriterOptions options;
    const uint8_t switches = input.byte();
    options.paragraphs = (switches & 1) != 0;
    options.subtitles.highlight_words = (switches & 2) != 0;
    options.subtitles.broadcast = (switches & 4) != 0;
    options.subtitles.max_line_width = limit(input);
    options.subtitles.max_line_count = limit(input);
    options.subtitles.max_words_per_line = limit(input);
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Cutter input(data, size);
    const output::Format& format = output::formats()[input.below(output::formats().size())];
    const output::WriterOptions options = options_of(input);
    const std::string_view rules = input.text();
    Transcript transcript = fuzz::transcript_of(input);
    try {
        output::Replacements(rules, "the rules").apply(transcript);
    } catch (const UsageError&) {  // the right answer to most rules
    }
    if (format.name == "html") return 0;  // fuzz_html
    const std::string text = format.write(transcript, options);
    fuzz::require(text == utf8::repair(text));
    return 0;
}
