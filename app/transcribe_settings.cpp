// What remains to do once all options of `transcribe` are read: what they mean together, and whether they
// fit.

#include "transcribe_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace npuscribe::app {

bool writes_to_stdout(const TranscribeSettings& settings) {
    return settings.output_dir == "-";
}

std::vector<output::Format> formats_to_write(const TranscribeSettings& settings) {
    if (!settings.formats.empty()) return output::parse_formats(settings.formats);
    if (!settings.output_dir.empty()) return output::parse_formats("all");
    return {};
}

std::vector<double> temperatures(double first, std::optional<double> increment) {
    std::vector<double> out = {first};
    if (!increment) return out;
    // A little more than 1, as numpy.arange(first, 1 + 1e-6, increment) has it. Multiplied, not added up: 0.6
    // is 0.6.
    for (int i = 1; first + i * *increment < 1 + 1e-6; ++i)
        out.push_back(std::min(1.0, first + i * *increment));
    return out;
}

namespace {

std::vector<audio::Clip> clips_of(const TranscribeSettings& settings) {
    const bool part = settings.offset > 0 || settings.duration;
    if (!settings.clip_timestamps.empty()) {
        if (part)
            throw UsageError(
                "--clip-timestamps cannot be combined with --offset or --duration; give one of them");
        return settings.clip_timestamps;
    }
    if (!part) return {};
    audio::Clip clip{settings.offset, {}};
    if (settings.duration) clip.end = settings.offset + *settings.duration;
    return {clip};
}

constexpr int kUsualLineWidth = 42;  // characters; what broadcasters allow

// What is made of words finds their times.
void settle_words(TranscribeSettings& settings) {
    const output::SubtitleOptions& subtitles = settings.subtitles;
    bool& word_timestamps = settings.session.transcribe.decoding.word_timestamps;
    word_timestamps = word_timestamps || subtitles.need_words();
    if (settings.session.transcribe.words.hallucination_silence_threshold && !word_timestamps) {
        throw UsageError(
            "--hallucination-silence-threshold needs the times of words; give --word-timestamps, too");
    }
    if (subtitles.broadcast) {
        const auto refuse = [](const char* option, const char* why) {
            throw UsageError(fmt::format("{} cannot be combined with --subtitles, {}; leave one of them out",
                                         option, why));
        };
        if (subtitles.highlight_words)
            refuse("--highlight-words", "because a word is shorter than a cue may be");
        if (subtitles.max_words_per_line)
            refuse("--max-words-per-line", "which has --max-line-width and --max-line-count");
        if (subtitles.limits.min_seconds > subtitles.limits.max_seconds)
            throw UsageError(fmt::format(
                "--min-cue-duration is {} and --max-cue-duration is {}; give a longest that is not shorter",
                subtitles.limits.min_seconds, subtitles.limits.max_seconds));
    } else if (subtitles.max_line_count && !subtitles.max_line_width) {
        settings.subtitles.max_line_width = kUsualLineWidth;
    }
}

void check_outputs(const TranscribeSettings& settings) {
    if (writes_to_stdout(settings)) {
        if (settings.formats.empty() || formats_to_write(settings).size() != 1)
            throw UsageError(fmt::format(
                "--output-dir - writes one format to standard output, but --output-format {}; give one, such "
                "as -f srt -o -",
                settings.formats.empty() ? "is not given" : fmt::format("is {}", settings.formats)));
        if (!settings.output_name.empty())
            throw UsageError(
                "--output-name and --output-dir - cannot be combined; give --output-name alone to write a "
                "file");
        if (settings.skip_existing)
            throw UsageError(
                "--skip-existing needs files to look for; give a directory in place of --output-dir -");
    }
    if (settings.output_name.empty()) return;
    if (settings.output_name == "-")
        throw UsageError("invalid value '-' for --output-name: to write to standard output, give -o -");
    if (settings.output_name.ends_with('/'))
        throw UsageError(
            fmt::format("invalid value '{}' for --output-name: expected the name of a file; "
                        "--output-dir takes a directory",
                        settings.output_name));
    if (formats_to_write(settings).empty())
        throw UsageError(
            fmt::format("--output-name {0} needs a format; give --output-format, too: -f srt writes {0}.srt",
                        settings.output_name));
}

}  // namespace

void complete(TranscribeSettings& settings) {
    DecodingOptions& decoding = settings.session.transcribe.decoding;
    decoding.temperatures = temperatures(settings.temperature, settings.temperature_increment);
    settings.session.transcribe.clips = clips_of(settings);
    if (settings.report == "-") {
        throw UsageError(
            "invalid value '-' for --report: stdout is for transcripts; give a file, such as report.json");
    }
    if (settings.skip_existing && formats_to_write(settings).empty() && settings.manifest.empty()) {
        throw UsageError(
            "--skip-existing needs files to look for; give --output-format, --output-dir or --manifest, too");
    }
    if (!settings.root.empty() && settings.files_from.empty())
        throw UsageError("--root has no effect without a list; give --files-from, too");
    if (settings.manifest == "-")
        throw UsageError(
            "invalid value '-' for --manifest: stdout is for transcripts; give a file, such as part.jsonl");
    settle_words(settings);
    check_outputs(settings);
    if (settings.quiet && settings.verbose)
        throw UsageError("--quiet and --verbose cannot be combined; give one of them");
    if (settings.quiet && settings.timing)
        throw UsageError("--quiet and --timing cannot be combined; give one of them");
}

}  // namespace npuscribe::app
