#include "transcribe_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audio/clips.h"
#include "base/error.h"
#include "base/text.h"
#include "device_options.h"
#include "inputs.h"
#include "language_option.h"
#include "option.h"

namespace npuscribe::app {
namespace {

constexpr double kSecondsPerFrame = 0.02;  // of the encoder
constexpr int kLongest = 3'600'000;        // milliseconds

std::vector<std::string> format_names() {
    std::vector<std::string> out;
    for (const output::Format& format : output::formats()) out.emplace_back(format.name);
    out.emplace_back("all");
    return out;
}

CLI::Validator format_name() {
    const CLI::Validator known = one_of(format_names());
    return {[known](std::string& text) {
                std::string error = known(text);
                if (!error.empty() && is_recording(text))
                    throw UsageError(
                        fmt::format("invalid value '{0}' for --output-format: it is no format; to "
                                    "transcribe {0}, give it without an option",
                                    text));
                return error;
            },
            known.get_description()};
}

bool read_tokens(const std::string& text, std::vector<Token>& out) {
    constexpr Token kLargest = 51865;
    std::vector<Token> tokens;
    for (const std::string_view part : split(text, ',')) {
        const auto token = to_whole_number(part, -1, kLargest);
        if (!token) return false;
        tokens.push_back(static_cast<Token>(*token));
    }
    out = std::move(tokens);
    return true;
}

// "auto", "full" or seconds; encoder frames are what counts.
bool read_audio_context(const std::string& text, TranscribeOptions& out) {
    std::string seconds = text;
    size_t frames = 0;
    if (text != "auto" && text != "full") {
        if (!number(kSecondsPerFrame, 30)(seconds).empty()) return false;
        frames = static_cast<size_t>(std::llround(std::stod(seconds) / kSecondsPerFrame));
    }
    out.n_audio_ctx = frames;
    out.fit_audio_ctx = text == "auto";
    return true;
}

std::string audio_context_text(const TranscribeOptions& options) {
    if (options.n_audio_ctx == 0) return options.fit_audio_ctx ? "auto" : "full";
    return to_text(static_cast<double>(options.n_audio_ctx) * kSecondsPerFrame);
}

// openai-whisper's: start, end, start, end; the last end may be left out. "0" is its default: everything.
bool read_clips(const std::string& text, std::vector<audio::Clip>& out) {
    std::vector<audio::Clip> clips;
    bool open = false;
    for (const std::string_view part : split(text, ',')) {
        const auto seconds = to_seconds(part);
        if (!seconds) return false;
        if (open) {
            clips.back().end = seconds;
        } else {
            clips.push_back({*seconds, {}});
        }
        open = !open;
    }
    try {
        audio::check_clips(clips);
    } catch (const UsageError& error) {
        throw UsageError(fmt::format("invalid value '{}' for --clip-timestamps: {}", text, error.what()));
    }
    out = std::move(clips);
    return true;
}

std::string clips_text(const std::vector<audio::Clip>& clips) {
    std::string out;
    for (const audio::Clip& clip : clips) {
        out += (out.empty() ? "" : ",") + to_text(clip.start);
        if (clip.end) out += "," + to_text(*clip.end);
    }
    return out;
}

bool read_shard(const std::string& text, corpus::Shard& out) {
    const auto shard = corpus::parse_shard(text);
    if (shard) out = *shard;
    return shard.has_value();
}

void add_input_options(CLI::App& app, TranscribeSettings& s) {
    TranscribeOptions& t = s.session.transcribe;
    option(
        app, "-m,--model", "NAME|PATH", s.session.model,
        "Use this model: a name that npuscribe model list shows, a checkpoint of CTranslate2, Hugging Face, "
        "whisper.cpp or openai-whisper, or a converted model");
    toggle(app, "--fetch", s.fetch,
           "Download a model that is named and not on this machine, and inputs that are addresses; "
           "--no-fetch or "
           "the variable NPUSCRIBE_OFFLINE=1: never");
    option(
        app, "-l,--language", "LANGUAGE",
        [&t](const std::string& text) {
            t.language = read_language(text);
            return true;
        },
        [&t] { return t.language.empty() ? "auto" : t.language; }, "",
        "Expect this language: a code (de, pt-BR), a name (German, Deutsch), or auto to detect it; list: "
        "print all languages");
    option<Task>(app, "--task", "TASK", t.task,
                 {{"transcribe", Task::transcribe}, {"translate", Task::translate}},
                 "Write what is said (transcribe), or an English translation of it (translate)");
    toggle(app, "-r,--recursive", s.recursive, "Look for audio in subdirectories of input directories, too");
    option(app, "--offset", "TIME", s.offset, time_from(0),
           "Start at this time of the audio: seconds, MM:SS or HH:MM:SS");
    option(app, "--duration", "TIME", s.duration, or_none(time_from(0.001)),
           "Stop after this much audio, counted from the offset; none: at the end");
    option(
        app, "--clip-timestamps", "START,END,...",
        [&s](const std::string& text) { return read_clips(text, s.clip_timestamps); },
        [&s] { return clips_text(s.clip_timestamps); },
        "times with commas between them, such as 0,10,1:30,2:00",
        "Transcribe only these parts of the audio, each on its own; without the last END, up to the end");
    option<Channels>(
        app, "--channel", "CHANNEL", t.channels,
        {{"mix", Channels::mix},
         {"left", Channels::left},
         {"right", Channels::right},
         {"split", Channels::split}},
        "Transcribe the mean of all channels, or the loudest one while they cancel each other (mix), one of "
        "two (left, right), or both as two speakers: 0 for left, 1 for right (split)");
    option(
        app, "--audio-track", "auto|N|LANGUAGE",
        [&t](const std::string& text) {
            t.audio_track = read_audio_track(text);
            return true;
        },
        [&t] { return t.audio_track.empty() ? "auto" : t.audio_track; }, "",
        "Transcribe this audio track of a file with several: the Nth, the first one in a language (eng, "
        "German), or the one that the file marks as its main one (auto)");
    option(
        app, "--files-from", "FILE|-", s.files_from,
        "Read names of inputs from a file, or from standard input (-): one a line, separated by NULs as "
        "find -print0 writes them, or a manifest, which ends in .jsonl or begins with a brace: a JSON object "
        "a line with audio_filepath (relative to the manifest), and offset, duration and text (a reference) "
        "if wanted");
    option(
        app, "--root", "DIR", s.root,
        "Keep the directories of the files of --files-from below DIR in --output-dir; without it, below the "
        "current or the manifest's directory, or the longest that holds all of them");
    option(
        app, "--shard", "I/N", [&s](const std::string& text) { return read_shard(text, s.shard); },
        [&s] { return fmt::format("{}/{}", s.shard.index, s.shard.count); },
        "I/N with N from 1 to 1000000 and I from 0 to N - 1",
        "Transcribe only part I (from 0 to N - 1) of N of the inputs: balanced if a manifest has durations, "
        "else dealt in turn. No file of another part is looked at");
}

void add_output_options(CLI::App& app, TranscribeSettings& s) {
    option(app, "-f,--output-format", "LIST", s.formats, format_name(),
           fmt::format("Write files in these formats, separated by commas: {}; with --output-dir alone, all",
                       fmt::join(format_names(), ", ")))
        ->join(',');
    option(
        app, "-o,--output-dir", "DIR", s.output_dir,
        "Write files to this directory, which is created if it does not exist; without it, to the current "
        "directory. Files found in input directories keep their subdirectories. -: write one format of one "
        "input to standard output");
    option(
        app, "--output-name", "NAME", s.output_name,
        "Name the output files of the only input NAME, with their formats' extensions; without it, they are "
        "named after the input");
    toggle(app, "--paragraphs", s.paragraphs,
           "Write paragraphs instead of a line for each segment (txt): a new one at a pause of more than 2 "
           "seconds, at a change of speaker, or with the first sentence after 120 words");
    option(app, "--replace", "FILE", s.replace,
           "Replace words that are heard wrong, in every format: the file has lines such as cooper netties → "
           "Kubernetes. Only whole words are replaced, and capital letters are kept");
    toggle(
        app, "--skip-existing", s.skip_existing,
        "Skip inputs whose output files already exist, to resume a run that was stopped. Outputs record what "
        "they were made of: those of another file of the same name, another model or other options do not "
        "count. With the format json, an input of which a part was finished goes on from there");
    option(app, "--report", "FILE", s.report,
           "Write the timing report as JSON, or as a page with charts if the name ends in .html");
    option(
        app, "--manifest", "FILE.jsonl", s.manifest,
        "Append a line of JSON for each input that is finished, once it is on the disk: audio_filepath, "
        "offset, duration, text, language, model, options, seconds, status and error. With --skip-existing, "
        "only inputs that it has are skipped; those that broke off are, too");
    option(app, "--keep-going-code", "N", s.keep_going_code, whole_number(0, 255),
           "Exit with N if some inputs failed and the others are done: 0 if a bad file must not fail a job");
    toggle(app, "--print-timestamps", s.print_timestamps,
           "Print when each segment begins and ends before its text on stdout");
    toggle(
        app, "--print-colors", s.print_colors,
        "Colour words on stdout that the model was less sure of, from yellow to red, if it is a terminal and "
        "NO_COLOR is not set");
    toggle(app, "-q,--quiet", s.quiet,
           "Print nothing but errors on stderr, and no transcript on stdout if files are written");
    toggle(app, "-v,--verbose", s.verbose, "Print more details on stderr, and the table of --timing");
    toggle(app, "--timing", s.timing, "Print the time of each stage on stderr at the end");
    option(app, "--config", "FILE|none", s.config,
           "Read defaults from this TOML file; without it, from npuscribe/config.toml in $XDG_CONFIG_HOME "
           "or ~/.config if that exists; none: from no file");
}

void add_speed_options(CLI::App& app, SessionOptions& s) {
    add_device_options(app, s.device, s.precision, s.threads);
    option(app, "--batch-size", "N", s.transcribe.batch_size, whole_number(0, 256),
           "Decode up to N windows together, across all inputs; 0: 16, or 8 with models of which 16 windows "
           "take much memory");
    option(
        app, "--audio-context", "auto|full|SECONDS",
        [&s](const std::string& text) { return read_audio_context(text, s.transcribe); },
        [&s] { return audio_context_text(s.transcribe); },
        number(kSecondsPerFrame, 30).get_description() + ", auto or full",
        "Encode this much of a window: its speech and some silence, and again all of it if the words look "
        "wrong (auto), 30 seconds (full), or a number of seconds");
}

void add_decoding_options(CLI::App& app, TranscribeSettings& s) {
    TranscribeOptions& t = s.session.transcribe;
    DecodingOptions& d = t.decoding;
    option(app, "--beam-size", "N", d.beam_size, whole_number(1, 64),
           "Search with N beams at temperature 0; 1: greedy search");
    option(app, "--patience", "X", d.patience, number(0.01, 100),
           "Continue beam search until X times as many candidates as beams are complete");
    option(app, "--beam-recombination", "N", d.beam_recombination, whole_number(0, 448),
           "Keep only the likelier of two beams whose last N tokens are equal; 0: keep both");
    option(app, "--beam-threshold", "X", d.beam_threshold, or_none(number(0, 1000)),
           "Drop beams whose log-probability is more than X below that of the best unfinished beam; none: "
           "keep them");
    option(app, "--length-penalty", "X", d.length_penalty, or_none(number(0, 1)),
           "Compare candidates with this exponent of the length penalty (Wu et al. 2016), larger for "
           "longer text; none: by their mean log-probability");
    option(app, "--temperature", "X", s.temperature, number(0, 1),
           "Sample at this temperature; 0: take the most likely token");
    option(app, "--temperature-increment-on-fallback", "X", s.temperature_increment, or_none(number(0.01, 1)),
           "Raise the temperature by X each time a window's text is rejected by a threshold below; none: "
           "never try again");
    option(app, "--best-of", "N", d.best_of, whole_number(1, 64),
           "Draw N samples at temperatures above 0, and keep the best");
    option(app, "--seed", "N", d.seed, whole_number(0, std::numeric_limits<long long>::max()),
           "Seed sampling: the same seed gives the same words");
    option(app, "--compression-ratio-threshold", "X", d.compression_ratio_threshold, or_none(number(0, 100)),
           "Reject text that compresses better than X : 1, because it repeats itself; none: never");
    option(app, "--logprob-threshold", "X", d.logprob_threshold, or_none(number(-100, 0)),
           "Reject text whose mean log-probability is below X; none: never");
    option(app, "--no-speech-threshold", "X", d.no_speech_threshold, or_none(number(0, 1)),
           "Take a window as silent if its probability of no speech is above X and its mean "
           "log-probability below --logprob-threshold; none: never");
    option(app, "--initial-prompt", "TEXT", t.initial_prompt,
           "Prompt the first window with this text, for example with names and spellings to expect");
    toggle(app, "--carry-initial-prompt", t.carry_initial_prompt,
           "Put the initial prompt before every window, not only the first");
    option(app, "--prefix", "TEXT", t.prefix,
           "Begin the transcript of each input with this text, whatever is heard");
    option(app, "--hotwords", "TEXT", t.hotwords,
           "Prompt every window with these words, for example names and terms");
    option(app, "--repetition-penalty", "X", d.repetition_penalty, number(0.01, 100),
           "Make tokens that a window already has less likely if X is above 1; 1: off");
    option(app, "--no-repeat-ngram-size", "N", d.no_repeat_ngram_size, whole_number(0, 448),
           "Never repeat an n-gram of N tokens in a window; 0: off");
    toggle(app, "--condition-on-previous-text", t.condition_on_previous_text,
           "Prompt each window with the text of the one before it");
    option(
        app, "--suppress-tokens", "LIST",
        [&d](const std::string& text) { return read_tokens(text, d.suppress_tokens); },
        [&d] { return fmt::format("{}", fmt::join(d.suppress_tokens, ",")); },
        "token numbers with commas between them, -1 for all symbols that are not speech, or nothing",
        "Never write these tokens; -1: all symbols that are not speech");
    toggle(app, "--suppress-blank", d.suppress_blank, "Never begin a window with a space or with its end");
    toggle(app, "--without-timestamps", d.without_timestamps, "Write one segment for each window");
    option(app, "--max-initial-timestamp", "X", d.max_initial_timestamp, or_none(number(0, 30)),
           "Begin the first segment of a window within its first X seconds; none: anywhere");
}

void add_word_options(CLI::App& app, TranscribeSettings& s) {
    WordOptions& words = s.session.transcribe.words;
    toggle(app, "--word-timestamps", s.session.transcribe.decoding.word_timestamps,
           "Find when each word is spoken; segments then begin and end with words");
    option(app, "--prepend-punctuations", "TEXT", words.prepend_punctuations,
           "Attach these punctuation marks to the word after them");
    option(app, "--append-punctuations", "TEXT", words.append_punctuations,
           "Attach these punctuation marks to the word before them");
    option(app, "--hallucination-silence-threshold", "SECONDS", words.hallucination_silence_threshold,
           or_none(number(0, 3600)),
           "Leave out segments whose words are improbable, too short or too long if more silence than this "
           "surrounds them; with --no-vad, transcribe the audio again without that silence, as "
           "openai-whisper does; none: keep them");
}

// A limit of a cue's rules. Whoever gives one wants those rules.
void add_limit(CLI::App& app, const char* name, const char* unit, double& limit, bool& broadcast,
               double lowest, double highest, const char* help) {
    const CLI::Validator allowed = number(lowest, highest);
    option(
        app, name, unit,
        [&limit, &broadcast, allowed](const std::string& text) {
            std::string copy = text;
            if (!allowed(copy).empty()) return false;
            limit = std::stod(copy);
            broadcast = true;
            return true;
        },
        [&limit] { return to_text(limit); }, allowed.get_description(), help);
}

void add_subtitle_options(CLI::App& app, output::SubtitleOptions& s) {
    toggle(
        app, "--subtitles", s.broadcast,
        "Cut subtitles by the rules of broadcasters (srt, vtt): at most 2 lines of 42 characters, 5/6 to 7 "
        "seconds long, 20 characters a second where the speech allows it, 2 frames apart, and broken at "
        "sentences, clauses and pauses. The options below change these numbers. Finds word times");
    option(app, "--max-line-width", "N", s.max_line_width, or_none(whole_number(1, 1000)),
           "Break lines after N characters (srt, vtt); none: no limit, or 42 with --subtitles. Finds word "
           "times");
    option(
        app, "--max-line-count", "N", s.max_line_count, or_none(whole_number(1, 1000)),
        "Show at most N lines at once, of --max-line-width or 42 characters (srt, vtt); none: no limit, or "
        "2 with --subtitles. Finds word times");
    option(app, "--max-words-per-line", "N", s.max_words_per_line, or_none(whole_number(1, 1000)),
           "Show at most N words at once (srt, vtt); none: no limit. Finds word times");
    add_limit(app, "--min-cue-duration", "SECONDS", s.limits.min_seconds, s.broadcast, 0, 60,
              "Show each cue for at least this long; implies --subtitles");
    add_limit(app, "--max-cue-duration", "SECONDS", s.limits.max_seconds, s.broadcast, 0.1, 3600,
              "Show no cue for longer than this; implies --subtitles");
    add_limit(
        app, "--max-chars-per-second", "X", s.limits.max_characters_per_second, s.broadcast, 1, 1000,
        "Show cues long enough to be read at this speed, where the speech allows it; implies --subtitles");
    add_limit(app, "--min-cue-gap", "SECONDS", s.limits.min_gap, s.broadcast, 0, 10,
              "Leave at least this much time between two cues; implies --subtitles");
    toggle(app, "--highlight-words", s.highlight_words,
           "Underline each word while it is spoken (srt, vtt). Finds word times");
}

void add_vad_options(CLI::App& app, TranscribeOptions& s) {
    audio::VadOptions& v = s.vad_options;
    toggle(app, "--vad", s.vad,
           "Detect speech with Silero's model, leave out silence, and cut at pauses; --no-vad: transcribe "
           "windows of 30 seconds one after the other");
    option(app, "--vad-threshold", "X", v.threshold, number(0, 1),
           "Take audio as speech above this probability");
    option(app, "--vad-min-speech-duration-ms", "N", v.min_speech_ms, whole_number(0, kLongest),
           "Ignore speech shorter than N milliseconds");
    option(app, "--vad-min-silence-duration-ms", "N", v.min_silence_ms, whole_number(0, kLongest),
           "Ignore pauses shorter than N milliseconds");
    option(app, "--vad-speech-pad-ms", "N", v.speech_pad_ms, whole_number(0, kLongest),
           "Keep N milliseconds before and after speech");
    option(
        app, "--vad-max-pause-ms", "N", v.max_pause_ms, whole_number(0, kLongest),
        "Shorten pauses inside a window that are longer than N milliseconds to the padding on their sides");
}

}  // namespace

void add_transcribe_options(CLI::App& command, TranscribeSettings& s) {
    const auto heading = [&](const char* name) { command.option_defaults()->group(name); };
    command.add_option("INPUT", s.inputs,
                       "An audio file, a directory with audio files, the http(s) address of an audio file, "
                       "or - for standard "
                       "input");
    heading("Input");
    add_input_options(command, s);
    heading("Output");
    add_output_options(command, s);
    heading("Device and speed");
    add_speed_options(command, s.session);
    heading("Decoding");
    add_decoding_options(command, s);
    heading("Words and subtitles");
    add_word_options(command, s);
    add_subtitle_options(command, s.subtitles);
    heading("Voice activity detection");
    add_vad_options(command, s.session.transcribe);
}

}  // namespace npuscribe::app
