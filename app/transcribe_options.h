#pragma once
// The options of `transcribe`. The defaults are those of the structures. transcribe_options.cpp declares
// every option once; transcribe_settings.cpp says what they mean together.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "corpus/shard.h"
#include "exit_code.h"
#include "npuscribe/npuscribe.h"
#include "output/formats.h"

namespace npuscribe::app {

struct TranscribeSettings {
    SessionOptions session;
    std::vector<std::string> inputs;

    bool fetch = true;
    bool recursive = false;
    std::string files_from;  // empty: not given
    std::string root;        // of what is listed; empty: not given
    corpus::Shard shard;     // 0/1: all of it
    bool skip_existing = false;
    std::string formats;     // separated by commas; empty: not given
    std::string output_dir;  // empty: not given
    std::string report;
    std::string manifest;  // empty: not given
    int keep_going_code = kSomeFailed;
    bool quiet = false;
    bool verbose = false;
    bool timing = false;
    bool print_timestamps = false;
    bool print_colors = false;
    std::string output_name;  // empty: named after the input
    std::string config;       // empty: the user's own, if there is one

    double offset = 0;                         // seconds
    std::optional<double> duration;            // seconds; nothing: to the end
    std::vector<audio::Clip> clip_timestamps;  // none: not given

    double temperature = 0;
    std::optional<double> temperature_increment = 0.2;

    output::SubtitleOptions subtitles;
    bool paragraphs = false;
    std::string replace;  // a file; empty: not given
};

/// Declares all options, bound to `settings`, which must outlive the command.
void add_transcribe_options(CLI::App& command, TranscribeSettings& settings);

/// --output-dir is "-": the one output goes to standard output.
bool writes_to_stdout(const TranscribeSettings& settings);

/// The formats to write: those asked for; all of them if only a directory was; else none.
std::vector<output::Format> formats_to_write(const TranscribeSettings& settings);

/// What remains to do once all options are read: the temperatures to try, the clips. Throws UsageError if
/// options do not fit together.
void complete(TranscribeSettings& settings);

/// Temperatures from `first` to 1 in steps of `increment`, or `first` alone (openai-whisper,
/// whisper/transcribe.py).
std::vector<double> temperatures(double first, std::optional<double> increment);

}  // namespace npuscribe::app
