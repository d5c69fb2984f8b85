#pragma once
// Reports of a run, for people and for programs.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

/// The outcome for one input.
struct FileReport {
    /// incomplete: it could not be read whole, and is done as far as it could; skipped: its outputs existed
    /// already.
    enum class Status { done, incomplete, failed, skipped, interrupted };
    bool has_transcript() const { return status == Status::done || status == Status::incomplete; }

    std::string path;  // as given; any bytes
    Status status = Status::interrupted;
    std::string error;                      // the reason, if it failed or is incomplete
    std::string language;                   // code
    double language_probability = 1;        // 1 if it was given
    double speech_seconds = 0;              // the part of the audio that was transcribed
    Timing timing;                          // total: wall clock from the file's first sample to its last word
    std::vector<std::string> warnings;      // what a listener should know, if it is done or incomplete
    std::vector<std::string> outputs;       // paths written or, if skipped, found
    size_t replacements = 0;                // made by --replace
    bool skipped_by_name = false;           // its outputs do not say what they were made of
    std::optional<size_t> reference_words;  // of the reference, if there is one
    size_t word_errors = 0;                 // against the reference
};

struct MemorySample {
    double seconds = 0;  // since the start
    uint64_t bytes = 0;  // resident
};
struct MemoryUse {
    uint64_t peak = 0;  // bytes
    std::vector<MemorySample> samples;
};

struct RunReport {
    std::string version;  // of npuscribe
    Setup setup;
    Timing totals;
    std::vector<FileReport> files;                             // in the order of the inputs
    std::vector<std::pair<std::string, std::string>> options;  // every option's name and value
    /// In the order in which they were finished, in seconds since the start; `input` is an index of `files`.
    std::vector<WindowTrace> windows;
    size_t windows_left_out = 0;  // further ones, of a long run
    MemoryUse memory;
};

/// An aligned table for a terminal: device and model, stages, realtime factor. Stages are in wall-clock time.
/// The time that an emulated array would take is given apart, as modelled.
std::string report_text(const RunReport&);

/// The replacements in all files.
size_t replacements(const RunReport&);

/// Errors per word of all references, from 0 up; nothing if no file that is done has one.
std::optional<double> word_error_rate(const RunReport&);

/// The number of files with this status.
size_t count(const RunReport&, FileReport::Status status);

/// Version of the JSON's structure: goes up when a field is removed or changes its meaning.
inline constexpr int kReportVersion = 1;

/// JSON: schema, schema_version, setup, options, totals, files, memory, windows. All times are seconds, and
/// realtime_factor is audio seconds divided by wall seconds. Valid UTF-8, whatever the paths hold.
std::string report_json(const RunReport&);

/// The same as an HTML page with charts: the stages of each window in time, the sum of each stage, the
/// realtime factor of each file, and memory. One file that needs no network.
std::string report_html(const RunReport&);

}  // namespace npuscribe::output
