#include "transcribe_options.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "audio/clips.h"
#include "audio/stream.h"
#include "base/error.h"
#include "base/text.h"
#include "device/choose.h"

namespace npuscribe::app {
namespace {

constexpr const char* kWhat = "What to transcribe";
constexpr const char* kOutput = "Output";
constexpr const char* kWork = "Where and how it is computed";
constexpr const char* kDecoding = "Decoding";
constexpr const char* kWords = "Words";
constexpr const char* kVad = "Voice activity";

// whisper.cpp's "-f talk.wav" is no list of formats.
bool is_recording(const std::string& given) {
    try {
        output::parse_formats(given);
        return false;
    } catch (const UsageError&) {
        std::error_code ignored;
        return given == "-" || audio::is_audio_file_name(given) || std::filesystem::exists(given, ignored);
    }
}

Binding format_list(std::string& variable) {
    std::vector<std::string> names;
    for (const output::Format& format : output::formats()) names.emplace_back(format.name);
    names.emplace_back("all");
    return {[&variable](const std::string& given) {
                try {
                    output::parse_formats(given);
                } catch (const UsageError& error) {
                    if (!is_recording(given)) throw;
                    throw UsageError(
                        fmt::format("{}; to transcribe {}, give it without an option", error.what(), given));
                }
                variable += (variable.empty() ? "" : ",") + given;
            },
            [&variable] { return variable; }, std::move(names), is_recording};
}

Binding token_list(std::vector<Token>& variable) {
    return {[&variable](const std::string& given) {
                std::vector<Token> tokens;
                for (size_t at = 0; at < given.size();) {
                    const size_t comma = std::min(given.find(',', at), given.size());
                    constexpr Token kLargest = 51865;
                    try {
                        tokens.push_back(
                            static_cast<Token>(whole_number(given.substr(at, comma - at), -1, kLargest)));
                    } catch (const UsageError&) {
                        throw UsageError(
                            fmt::format("'{}' was given; allowed are token numbers with commas between them, "
                                        "-1 for all symbols that are not speech, or nothing",
                                        given));
                    }
                    at = comma + 1;
                }
                variable = std::move(tokens);
            },
            [&variable] { return fmt::format("{}", fmt::join(variable, ",")); }};
}

Binding audio_context(TranscribeOptions& options) {
    constexpr double kFramesASecond = 50;
    return {[&options](const std::string& given) {
                options.n_audio_ctx = 0;
                options.fit_audio_ctx = given == "auto";
                if (given == "auto" || given == "full") return;
                try {
                    const double seconds = real_number(given, 1 / kFramesASecond, 30);
                    options.n_audio_ctx = static_cast<size_t>(std::lround(seconds * kFramesASecond));
                } catch (const UsageError& error) {
                    throw UsageError(std::string(error.what()) + ", or auto or full");
                }
            },
            [&options]() -> std::string {
                if (options.n_audio_ctx == 0) return options.fit_audio_ctx ? "auto" : "full";
                return to_text(static_cast<double>(options.n_audio_ctx) / kFramesASecond);
            }};
}

Binding precision(Precision& variable) {
    return {[&variable](const std::string& given) { variable = parse_precision(given); },
            [&variable] { return std::string(name(variable)); },
            {precision_names().begin(), precision_names().end()}};
}

Binding fraction(float& variable) {
    return {
        [&variable](const std::string& given) { variable = static_cast<float>(real_number(given, 0, 1)); },
        [&variable] { return fmt::format("{}", variable); }};
}

Binding time(double& seconds) {
    return {[&seconds](const std::string& given) { seconds = time_in_seconds(given); },
            [&seconds] { return to_text(seconds); }};
}

Binding time_or_none(std::optional<double>& seconds) {
    return {[&seconds](const std::string& given) {
                if (given == "none") {
                    seconds.reset();
                    return;
                }
                const double value = time_in_seconds(given);
                if (value == 0) throw UsageError("'" + given + "' was given; more than 0 is wanted");
                seconds = value;
            },
            [&seconds]() -> std::string { return seconds ? to_text(*seconds) : "none"; }};
}

// openai-whisper's: start, end, start, end; the last end may be left out. "0" is its default: everything.
Binding clip_list(std::vector<audio::Clip>& clips) {
    return {[&clips](const std::string& given) {
                std::vector<audio::Clip> out;
                bool open = false;
                for (size_t at = 0; at < given.size();) {
                    const size_t comma = std::min(given.find(',', at), given.size());
                    const double seconds = time_in_seconds(given.substr(at, comma - at));
                    at = comma + 1;
                    if (open) {
                        out.back().end = seconds;
                    } else {
                        out.push_back({seconds, {}});
                    }
                    open = !open;
                }
                audio::check_clips(out);
                clips = std::move(out);
            },
            [&clips] {
                std::string out;
                for (const audio::Clip& clip : clips) {
                    out += (out.empty() ? "" : ",") + to_text(clip.start);
                    if (clip.end) out += "," + to_text(*clip.end);
                }
                return out;
            }};
}

std::string format_names() {
    std::string out;
    for (const output::Format& format : output::formats()) out += std::string(format.name) + ", ";
    return out + "all";
}

}  // namespace

std::vector<Option> transcribe_options(TranscribeSettings& s) {
    TranscribeOptions& t = s.transcribe;
    DecodingOptions& d = t.decoding;
    audio::VadOptions& v = s.transcribe.vad_options;
    constexpr int kLongest = 3'600'000;  // milliseconds
    return {
        {"model", 'm', "NAME|PATH", kWhat,
         "a model that was fetched, a checkpoint's directory, or a file: whisper.cpp's or a converted one",
         text(s.model)},
        {"language", 'l', "LANGUAGE", kWhat, "code (de), English name (German), or auto to detect it",
         text(s.language)},
        {"task", 0, "TASK", kWhat, "transcribe, or translate into English",
         one_of(s.task, {"transcribe", "translate"})},
        {"recursive", 'r', "", kWhat, "look for audio in subdirectories, too", toggle(s.recursive)},
        {"offset", 0, "TIME", kWhat, "where in the audio to begin: seconds, or HH:MM:SS", time(s.offset)},
        {"duration", 0, "TIME", kWhat, "how much of the audio to transcribe from there; none: all of it",
         time_or_none(s.duration)},
        {"clip-timestamps", 0, "START,END,...", kWhat,
         "parts of the audio to transcribe, each by itself, times as above; without the last END, to the end",
         clip_list(s.clip_timestamps)},
        {"channel", 0, "CHANNEL", kWhat,
         "mix, left, right, or split: the two channels apart, put together by time, each a speaker (0: left)",
         one_of(s.channel, {"mix", "left", "right", "split"})},
        {"files-from", 0, "FILE|-", kWhat,
         "inputs from a list, one a line or with NULs between them (find -print0); -: from standard input",
         text(s.files_from)},

        {"output-format", 'f', "LIST", kOutput,
         "files to write, with commas between them: " + format_names() + "; with --output-dir alone, all",
         format_list(s.formats)},
        {"output-dir", 'o', "DIR", kOutput,
         "where to write them; made if need be; else the current directory. Directories given as inputs keep "
         "their subdirectories in it",
         text(s.output_dir)},
        {"skip-existing", 0, "", kOutput,
         "leave out inputs whose files are all written: a run that was stopped goes on",
         toggle(s.skip_existing)},
        {"report", 0, "FILE", kOutput,
         "write the timing report as JSON, or, where the name ends in .html, as a page that draws it",
         text(s.report)},
        {"quiet", 'q', "", kOutput, "only errors on stderr; no transcript on stdout where files are written",
         toggle(s.quiet)},
        {"verbose", 'v', "", kOutput, "tell more on stderr", toggle(s.verbose)},
        {"config", 0, "FILE|none", kOutput,
         "TOML with defaults of your own; else npuscribe/config.toml in $XDG_CONFIG_HOME or ~/.config",
         text(s.config)},

        {"device", 0, "DEVICE", kWork,
         list_words(device_choices()) + ": what multiplies the encoder's matrices",
         one_of(s.device, {device_choices().begin(), device_choices().end()})},
        {"precision", 0, "PRECISION", kWork, list_words(precision_names()) + ": the encoder's operands",
         precision(s.precision)},
        {"threads", 't', "N", kWork, "CPU threads; 0: one for each CPU", integer(s.threads, 0, 1024)},
        {"batch-size", 0, "N", kWork, "windows decoded at once, over all files",
         integer(s.transcribe.batch_size, 1, 256)},
        {"audio-context", 0, "auto|full|SECONDS", kWork,
         "how much of a window is encoded: its speech and some silence (and all of it where the words look "
         "wrong), 30 s, or so many",
         audio_context(s.transcribe)},

        {"beam-size", 0, "N", kDecoding, "beams at temperature 0; 1 is greedy", integer(d.beam_size, 1, 64)},
        {"patience", 0, "X", kDecoding, "beam search waits for X times its beams to end",
         number(d.patience, 0.01, 100)},
        {"length-penalty", 0, "X", kDecoding,
         "favour longer (> 0) or shorter results, after Wu et al. 2016; none: the mean log-probability "
         "decides",
         number_or_none(d.length_penalty, 0, 1)},
        {"temperature", 0, "X", kDecoding, "of sampling; 0 takes the most likely",
         number(s.temperature, 0, 1)},
        {"temperature-increment-on-fallback", 0, "X", kDecoding,
         "added when a result is refused by a threshold below; none: never tried again",
         number_or_none(s.temperature_increment, 0.01, 1)},
        {"best-of", 0, "N", kDecoding, "samples at a temperature above 0", integer(d.best_of, 1, 64)},
        {"seed", 0, "N", kDecoding, "of sampling: the same seed, the same words",
         integer(d.seed, 0, std::numeric_limits<long long>::max())},
        {"compression-ratio-threshold", 0, "X", kDecoding,
         "more repetitive than this is refused; none: anything goes",
         number_or_none(d.compression_ratio_threshold, 0, 100)},
        {"logprob-threshold", 0, "X", kDecoding,
         "a mean log-probability below this is refused; none: anything goes",
         number_or_none(d.logprob_threshold, -100, 0)},
        {"no-speech-threshold", 0, "X", kDecoding,
         "above this probability of no speech, and below --logprob-threshold, a window is silence; none: "
         "never",
         number_or_none(d.no_speech_threshold, 0, 1)},
        {"initial-prompt", 0, "TEXT", kDecoding, "what was said before: names and spellings to expect",
         text(t.initial_prompt)},
        {"carry-initial-prompt", 0, "", kDecoding,
         "--initial-prompt comes before every window, not the first alone", toggle(t.carry_initial_prompt)},
        {"prefix", 0, "TEXT", kDecoding,
         "what the first window of an input begins with, whatever is heard; part of the transcript",
         text(t.prefix)},
        {"hotwords", 0, "TEXT", kDecoding, "words to expect in every window: names, terms", text(t.hotwords)},
        {"repetition-penalty", 0, "X", kDecoding,
         "above 1, words that a window has already are less likely to come again",
         number(d.repetition_penalty, 0.01, 100)},
        {"no-repeat-ngram-size", 0, "N", kDecoding,
         "as many tokens in a row never come twice in a window; 0: they may",
         integer(d.no_repeat_ngram_size, 0, 448)},
        {"condition-on-previous-text", 0, "", kDecoding, "the text of a window is the prompt of the next",
         toggle(t.condition_on_previous_text)},
        {"suppress-tokens", 0, "LIST", kDecoding,
         "tokens never to write; -1: all symbols that are not speech", token_list(d.suppress_tokens)},
        {"suppress-blank", 0, "", kDecoding, "a window does not begin with a space or its end",
         toggle(d.suppress_blank)},
        {"without-timestamps", 0, "", kDecoding, "one segment for each window", toggle(d.without_timestamps)},
        {"max-initial-timestamp", 0, "X", kDecoding,
         "the first segment of a window begins within X seconds; none: anywhere",
         number_or_none(d.max_initial_timestamp, 0, 30)},

        {"word-timestamps", 0, "", kWords,
         "find out when each word is spoken; segments then begin and end with words",
         toggle(d.word_timestamps)},
        {"prepend-punctuations", 0, "TEXT", kWords, "marks that go to the word after them",
         text(s.transcribe.words.prepend_punctuations)},
        {"append-punctuations", 0, "TEXT", kWords, "marks that go to the word before them",
         text(s.transcribe.words.append_punctuations)},
        {"hallucination-silence-threshold", 0, "SECONDS", kWords,
         "leave out a segment whose words are improbable, too short or too long, with silence longer than "
         "this "
         "around it; with --no-vad, hear it again without the silence, as openai-whisper does; none: never",
         number_or_none(s.transcribe.words.hallucination_silence_threshold, 0, 3600)},
        {"highlight-words", 0, "", kWords, "srt, vtt: underline each word while it is spoken",
         toggle(s.subtitles.highlight_words)},
        {"max-line-width", 0, "N", kWords, "srt, vtt: characters in a line; none: as many as come",
         integer_or_none(s.subtitles.max_line_width, 1, 1000)},
        {"max-line-count", 0, "N", kWords,
         "srt, vtt: lines shown at once, with --max-line-width; none: as many as the segment needs",
         integer_or_none(s.subtitles.max_line_count, 1, 1000)},
        {"max-words-per-line", 0, "N", kWords, "srt, vtt: words shown at once; none: the segment's",
         integer_or_none(s.subtitles.max_words_per_line, 1, 1000)},

        {"vad", 0, "", kVad,
         "leave out silence and cut at pauses (Silero); without: windows of 30 s one after the other",
         toggle(s.transcribe.vad)},
        {"vad-threshold", 0, "X", kVad, "above this probability it is speech", fraction(v.threshold)},
        {"vad-min-speech-duration-ms", 0, "N", kVad, "shorter speech is left out",
         integer(v.min_speech_ms, 0, kLongest)},
        {"vad-min-silence-duration-ms", 0, "N", kVad, "a shorter pause does not end it",
         integer(v.min_silence_ms, 0, kLongest)},
        {"vad-speech-pad-ms", 0, "N", kVad, "kept before and after speech",
         integer(v.speech_pad_ms, 0, kLongest)},
        {"vad-max-pause-ms", 0, "N", kVad,
         "a longer pause inside a window is shortened to the padding on its sides",
         integer(v.max_pause_ms, 0, kLongest)},
    };
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
        if (part) throw UsageError("--clip-timestamps was given, and --offset or --duration; choose one");
        return settings.clip_timestamps;
    }
    if (!part) return {};
    audio::Clip clip{settings.offset, {}};
    if (settings.duration) clip.end = settings.offset + *settings.duration;
    return {clip};
}

Channels channels_named(const std::string& name) {
    if (name == "left") return Channels::left;
    if (name == "right") return Channels::right;
    return name == "split" ? Channels::split : Channels::mix;
}

// As openai-whisper, which says "--highlight_words requires --word_timestamps True".
void check_words(const TranscribeSettings& settings) {
    const output::SubtitleOptions& subtitles = settings.subtitles;
    const auto needs = [&](bool given, const char* option) {
        if (given && !settings.transcribe.decoding.word_timestamps) {
            throw UsageError(
                fmt::format("{} was given, and needs the words' times; give --word-timestamps, too", option));
        }
    };
    needs(settings.transcribe.words.hallucination_silence_threshold.has_value(),
          "--hallucination-silence-threshold");
    needs(subtitles.highlight_words, "--highlight-words");
    needs(subtitles.max_line_width.has_value(), "--max-line-width");
    needs(subtitles.max_line_count.has_value(), "--max-line-count");
    needs(subtitles.max_words_per_line.has_value(), "--max-words-per-line");
    if (subtitles.max_line_count && !subtitles.max_line_width) {
        throw UsageError(
            "--max-line-count was given, and has no effect without a width; give --max-line-width, too");
    }
}

}  // namespace

void complete(TranscribeSettings& settings) {
    TranscribeOptions& options = settings.transcribe;
    options.task = settings.task == "translate" ? Task::translate : Task::transcribe;
    options.language = settings.language == "auto" ? "" : settings.language;
    options.decoding.temperatures = temperatures(settings.temperature, settings.temperature_increment);
    settings.transcribe.clips = clips_of(settings);
    settings.transcribe.channels = channels_named(settings.channel);
    if (settings.report == "-") {
        throw UsageError(
            "--report: '-' was given; stdout is for transcripts: give a file, such as report.json");
    }
    if (settings.skip_existing && formats_to_write(settings).empty()) {
        throw UsageError(
            "--skip-existing was given, and no files are to be written; give --output-format or "
            "--output-dir");
    }
    check_words(settings);
    if (settings.quiet && settings.verbose) throw UsageError("--quiet and --verbose were given; choose one");
}

}  // namespace npuscribe::app
