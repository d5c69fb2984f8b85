#pragma once
// What people see: transcripts on stdout; messages and, on a terminal, a line of progress on stderr.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

enum class Loudness { quiet, normal, verbose };

/// Owns stderr. Its log sink becomes spdlog's default: every message is a line of its own, and takes the
/// place of the progress line. Not thread-safe, but for logging.
class Console {
  public:
    explicit Console(Loudness loudness);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    /// Shows a line in place of the last one, where stderr is a terminal; `line` is asked for one of so many
    /// columns. Elsewhere, for logs, a line of its own once a minute, asked for with 0 columns. Nothing where
    /// quiet. Cheap to call often: shown ten times a second at most.
    void progress(const std::function<std::string(size_t columns)>& line);
    /// The same with a line that is what it is; cut where there are fewer columns.
    void progress(const std::string& line);
    /// Takes the progress line away.
    void clear();
    /// Lines without a prefix: headers, the report. Not where quiet.
    void print(std::string_view lines);
    bool quiet() const;
    /// Whether progress is a line that changes: stderr is a terminal that can.
    bool live() const;

  private:
    class Sink;
    std::shared_ptr<Sink> sink_;
};

/// "error: " as stderr is to show it: in red, where it is a terminal that can and NO_COLOR
/// (https://no-color.org) is not set; "warning: " in yellow.
std::string error_mark();
std::string warning_mark();

/// Prints transcripts on stdout in the order of the inputs, each segment as soon as it may be.
class TranscriptPrinter {
  public:
    /// `names`: of the inputs, for a header line on stderr before each; empty: no headers.
    TranscriptPrinter(Console& console, std::vector<std::string> names);

    /// A segment's line, without its end. Throws OutputError where stdout cannot be written, but for a closed
    /// pipe.
    void line(size_t input, std::string text);
    /// `input` and all before it are finished. Its header is shown even where it had no lines, but for one
    /// that failed.
    void finished(size_t input, bool failed);
    /// Nobody reads stdout any more.
    bool closed() const { return closed_; }

  private:
    void show(size_t input, const std::string& text);

    Console& console_;
    std::vector<std::string> names_;
    size_t current_ = 0;                                // the input whose lines may be shown
    bool headed_ = false;                               // its header has been
    std::map<size_t, std::vector<std::string>> early_;  // lines of later inputs
    bool closed_ = false;
};

}  // namespace npuscribe::app
