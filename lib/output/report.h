#pragma once
// What a run took, for people and for programs.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

/// What became of one input.
struct FileReport {
    enum class Status { done, failed, skipped, interrupted };  // skipped: its outputs were there

    std::string path;  // as given; any bytes
    Status status = Status::interrupted;
    std::string error;                 // why it failed
    std::string language;              // code
    double speech_seconds = 0;         // of the audio, what was transcribed
    Timing timing;                     // total: wall clock from the file's first sample to its last word
    std::vector<std::string> outputs;  // paths written; those found, of a skipped one
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
    std::vector<WindowTrace> windows;  // as they came back; `input` counts `files`; seconds since the start
    size_t windows_left_out = 0;       // later ones, of a long run
    MemoryUse memory;
};

/// An aligned table of several lines for a terminal: what did the work, the stages, the realtime factor.
/// Stages are wall-clock time; what an emulated array would take stands apart, and is called modelled.
std::string report_text(const RunReport&);

/// How many files of a run became what.
size_t count(const RunReport&, FileReport::Status status);

/// For a run of several inputs: how many are done, failed and skipped, hours of audio, realtime factor; then
/// a line for each that failed, with the reason. No line end after the last.
std::string summary_text(const RunReport&);

inline constexpr int kReportVersion =
    1;  // of the JSON's structure; a field that goes or changes its meaning raises it

/// JSON: schema, schema_version, setup, options, totals, files, memory, windows. Seconds everywhere;
/// realtime_factor is audio seconds by wall seconds. Valid UTF-8 whatever the paths hold.
std::string report_json(const RunReport&);

/// The same as a page (HTML) that draws it: the windows' stages in time, the stages in all, the realtime
/// factor by file, memory. One file that needs no network.
std::string report_html(const RunReport&);

}  // namespace npuscribe::output
