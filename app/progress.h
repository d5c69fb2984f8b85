#pragma once
// How far a run is, and the line that shows it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace npuscribe::app {

/// What a progress line shows.
struct ProgressView {
    size_t files_done = 0;
    size_t files = 1;
    double fraction = 0;                 // of the whole run, 0 to 1
    std::optional<double> seconds_left;  // of the run
    std::string name;                    // of the current file
    double seconds = 0;                  // of the current file that are done
    double length = 0;                   // of the current file, in seconds; 0 if not known
};

/// One line of at most `columns` columns. If there is not enough room, the bar goes first, the name of the
/// current file later, and the percentage never. 0 columns: a line for a log, without a bar and with the
/// whole name.
std::string progress_line(const ProgressView& view, size_t columns);

/// A download.
struct TransferView {
    std::string name;
    uint64_t done = 0;
    uint64_t total = 0;  // 0 if not known
    double speed = 0;    // bytes a second
};

/// One line, as above.
std::string transfer_line(const TransferView& view, size_t columns);

/// Adds up the progress of all files of a run. A file's share of the whole is estimated from its size in
/// bytes, because nothing else is known of a file that has not been opened.
class BatchProgress {
  public:
    explicit BatchProgress(const std::vector<std::filesystem::path>& paths);

    /// `seconds` of `length` (0: not known) of this file are done.
    void advance(size_t file, double seconds, double length);
    void finish(size_t file);
    /// The first text is there: from now on it can be measured how fast the run goes.
    void begin_estimate() { estimate_begun_ = true; }

    size_t done() const { return done_; }
    /// `elapsed`: seconds since the run began. The time left is estimated from what was done since
    /// `begin_estimate`, and shown once that is enough.
    ProgressView view(double elapsed);

  private:
    /// Where the estimate begins.
    struct Mark {
        double elapsed = 0;
        double fraction = 0;
    };

    std::optional<double> seconds_left(double elapsed, double fraction);

    std::vector<std::string> names_;
    std::vector<double> shares_;      // of the whole, by file
    std::map<size_t, double> begun_;  // fractions of files that are being transcribed
    double behind_ = 0;               // the share of those that are finished
    size_t done_ = 0;
    size_t current_ = 0;
    double seconds_ = 0;
    double length_ = 0;
    bool estimate_begun_ = false;
    std::optional<Mark> mark_;
};

}  // namespace npuscribe::app
