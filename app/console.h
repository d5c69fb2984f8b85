#pragma once
// What people see: transcripts on stdout, and messages and a progress line on stderr.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

enum class Loudness { quiet, normal, verbose };

/// Owns stderr. Its log sink becomes spdlog's default: every message is a line of its own, and replaces the
/// progress line. Only logging is thread-safe.
class Console {
  public:
    explicit Console(Loudness loudness);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    /// Replaces the progress line if stderr is a terminal; `line` is called with the number of columns.
    /// Otherwise prints a line once a minute, for logs, and calls `line` with 0 columns. Prints nothing if
    /// quiet. Cheap to call often, because a line is shown at most ten times a second.
    void progress(const std::function<std::string(size_t columns)>& line);
    /// The same with a line that does not depend on the columns; it is cut if there are too few.
    void progress(const std::string& line);
    /// Removes the progress line.
    void clear();
    /// Prints lines without a prefix, such as headers and the report, unless quiet.
    void print(std::string_view lines);
    bool quiet() const;
    /// Whether stderr is a terminal that can show a progress line.
    bool live() const;

  private:
    class Sink;
    std::shared_ptr<Sink> sink_;
};

/// "error: " as stderr shows it: in red if it is a terminal with colours and NO_COLOR (https://no-color.org)
/// is not set; "warning: " in yellow.
std::string error_mark();
std::string warning_mark();

/// Prints transcripts on stdout in the order of the inputs, each segment as soon as that order allows.
class TranscriptPrinter {
  public:
    /// `names` of the inputs are printed on stderr as headers; empty: no headers.
    TranscriptPrinter(Console& console, std::vector<std::string> names);

    /// Prints a segment's line, given without its newline. Throws OutputError if stdout cannot be written,
    /// but not for a closed pipe.
    void line(size_t input, std::string text);
    /// Writes a whole document on stdout, with the same errors.
    void document(const std::string& text);
    /// `input` and all before it are finished. Its header is shown even if it had no lines, unless it failed.
    void finished(size_t input, bool failed);
    /// Nobody reads stdout any more.
    bool closed() const { return closed_; }

  private:
    void show(size_t input, const std::string& text);
    void write(std::string_view text);

    Console& console_;
    std::vector<std::string> names_;
    size_t current_ = 0;                                // the input whose lines may be shown
    bool headed_ = false;                               // its header has been
    std::map<size_t, std::vector<std::string>> early_;  // lines of later inputs
    bool closed_ = false;
};

}  // namespace npuscribe::app
