#pragma once
// What `transcribe` can be told. The defaults are those of the structures; the table in the .cpp is the one
// declaration of every option.

#include <optional>
#include <string>
#include <vector>

#include "device/device.h"
#include "npuscribe/npuscribe.h"
#include "option.h"
#include "output/formats.h"

namespace npuscribe::app {

struct TranscribeSettings {
    std::string model = "base";
    std::string language = "auto";
    std::string task = "transcribe";

    bool recursive = false;
    std::string files_from;  // empty: not given
    bool skip_existing = false;
    std::string formats;     // as given; empty: not given
    std::string output_dir;  // empty: not given
    std::string report;
    bool quiet = false;
    bool verbose = false;
    std::string config;  // empty: the user's own, where there is one

    std::string device = "auto";
    Precision precision = Precision::bfp16;
    size_t threads = 0;  // 0: one for each CPU

    std::string channel = "mix";
    double offset = 0;                         // seconds
    std::optional<double> duration;            // seconds; nothing: to the end
    std::vector<audio::Clip> clip_timestamps;  // none: not given

    double temperature = 0;
    std::optional<double> temperature_increment = 0.2;

    TranscribeOptions transcribe;
    output::SubtitleOptions subtitles;
};

/// The table, bound to `settings`, which must outlive it.
std::vector<Option> transcribe_options(TranscribeSettings& settings);

/// The formats to write: those asked for; all of them where only a directory was; else none.
std::vector<output::Format> formats_to_write(const TranscribeSettings& settings);

/// What remains to do once all options are read: the temperatures to try, the task. Throws UsageError where
/// options do not fit together.
void complete(TranscribeSettings& settings);

/// Temperatures from `first` to 1 in steps of `increment`, or `first` alone (openai-whisper,
/// whisper/transcribe.py).
std::vector<double> temperatures(double first, std::optional<double> increment);

}  // namespace npuscribe::app
