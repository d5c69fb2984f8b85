// Pages of any transcript and report are valid UTF-8, and none of their texts becomes a tag or ends an
// attribute.

#include "base/utf8.h"
#include "fuzz_transcript.h"
#include "output/formats.h"
#include "output/markup.h"
#include "output/report.h"

namespace {

using namespace npuscribe;

/// A text that would begin a tag and end an attribute, if a page had it as it is.
std::string marked(std::string_view text) {
    return "qq\"<qq" + std::string(text) + ".";
}

void check_page(const std::string& page) {
    fuzz::require(page == utf8::repair(page));
    fuzz::require(page.find("<qq") == std::string::npos && page.find("qq\"") == std::string::npos);
}

void check_transcript(fuzz::Cutter& input) {
    output::PageOptions options;
    options.title = marked(input.text());
    options.audio_name = marked(input.text());
    options.audio_url = output::url_path(options.audio_name);
    Transcript transcript = fuzz::transcript_of(input);
    transcript.language = marked(transcript.language);
    for (Segment& segment : transcript.segments) {
        segment.text = marked(segment.text);
        if (!segment.speaker.empty()) segment.speaker = marked(segment.speaker);
        for (Word& word : segment.words) word.text = marked(word.text);
    }
    check_page(output::html(transcript, options));
}

void check_report(fuzz::Cutter& input) {
    output::RunReport report;
    report.version = "1.0";
    report.setup.device = marked(input.text());
    report.setup.model = marked(input.text());
    report.totals.total = input.number();
    report.totals.encoder_matmul = input.number();
    report.totals.audio_seconds = input.number();
    report.memory.peak = input.word();
    report.memory.samples = {{input.number(), input.word()}, {input.number(), input.word()}};
    while (!input.done() && report.files.size() < 16) {
        output::FileReport& file = report.files.emplace_back();
        file.path = marked(input.text());
        file.status = static_cast<output::FileReport::Status>(input.below(4));
        file.error = marked(input.text());
        file.language = marked(input.text());
        file.timing.total = input.number();
        file.timing.audio_seconds = input.number();
        file.outputs.push_back(marked(input.text()));
        file.warnings.push_back(marked(input.text()));
        WindowTrace& window = report.windows.emplace_back();
        window.input = report.files.size() - 1;
        window.audio_end = input.number();
        window.encoder = {input.number(), input.number()};
        window.decoder = {input.number(), input.number()};
    }
    check_page(output::report_html(report));
    const std::string json = output::report_json(report);
    fuzz::require(json == utf8::repair(json));
    fuzz::require(!output::report_text(report).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Cutter input(data, size);
    if (input.below(4) == 0) {
        check_report(input);
    } else {
        check_transcript(input);
    }
    return 0;
}
