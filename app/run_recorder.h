#pragma once
// Runs the transcriber on the inputs and records the results.

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/stopwatch.h"
#include "console.h"
#include "inputs.h"
#include "manifest_log.h"
#include "npuscribe/npuscribe.h"
#include "output/replacements.h"
#include "output/report.h"
#include "outputs.h"
#include "partial.h"
#include "progress.h"
#include "transcript_line.h"

namespace npuscribe::app {

/// Receives the transcriber's events, prints and writes transcripts, shows progress, and keeps what the
/// report needs.
class RunRecorder {
  public:
    struct Settings {
        bool print_text = true;                            // transcripts go to stdout
        bool skip_existing = false;                        // skip inputs whose outputs all exist
        LineStyle style = {};                              // of what is printed
        std::optional<output::Format> stdout_format = {};  // in place of lines, the transcript in this format
        bool trace = false;  // keep the windows' stages, and memory, for a report
        const output::Replacements* replacements = nullptr;  // made in all text; none if null
        ManifestLog* manifest = nullptr;                     // gets a line for each input; none if null
    };

    /// Reports the inputs that have an error, and leaves them out. All references must outlive this.
    RunRecorder(const std::vector<Input>& inputs, const OutputPlan& plan, Console& console,
                const Settings& settings);

    /// Whether there is anything to transcribe.
    bool empty() const { return paths_.empty(); }

    /// The first of them as it was given. Needs one.
    std::string first_input() const { return paths_.front().string(); }

    /// Transcribes everything. Throws Cancelled and DeviceError; files() lists the inputs finished before.
    /// Sets `cancel` itself if nobody reads its output any more.
    void transcribe(Session& session, std::atomic<bool>& cancel);

    const std::vector<output::FileReport>& files() const { return files_; }
    /// Whether an input failed, or is incomplete.
    bool some_failed() const;
    /// Adds the trace of windows and of memory to a report. `started`: seconds from the report's start to the
    /// call of `transcribe`.
    void add_trace(output::RunReport& report, double started) const;
    /// Stopped because stdout was closed, with nothing else to write.
    bool reader_gone() const { return reader_gone_; }

  private:
    void on_window(const WindowTrace& window);
    void on_segment(size_t input, const Segment& segment);
    void on_part(size_t input, const FinishedPart& part);
    std::optional<FinishedPart> resume_from(size_t input);
    Partial* partial(size_t input);
    void on_progress(size_t input, double done, double length);
    void on_done(size_t input, const Transcript& transcript, const Timing& timing);
    void finish(size_t input, bool failed);
    void log(size_t file, const std::string& text);
    void warn(size_t file, const Transcript& transcript);
    bool skip(size_t file);
    void fail(size_t file, const std::string& message);
    void print(const std::function<void()>& call);

    const OutputPlan& plan_;
    Console& console_;
    const Settings settings_;
    std::vector<output::FileReport> files_;     // of all inputs
    std::vector<std::filesystem::path> paths_;  // of those to transcribe
    std::vector<FileClips> work_;               // the same, with the parts that are wanted
    std::vector<std::string> references_;       // of all inputs; empty: none
    std::vector<size_t> index_;                 // where they stand in files_
    std::optional<TranscriptPrinter> printer_;
    std::optional<BatchProgress> progress_;  // once there is something to transcribe
    Stopwatch watch_;                        // from the beginning of the work
    std::atomic<bool>* cancel_ = nullptr;
    std::string write_error_;  // of stdout or of the manifest: it ends the run
    std::vector<WindowTrace> windows_;
    size_t windows_left_out_ = 0;
    std::vector<output::MemorySample> memory_;
    /// Of an input that is worked on.
    struct Kept {
        Partial file;
        std::optional<FinishedPart> before;  // by an earlier run
    };
    std::map<size_t, Kept> kept_;  // by input
    bool reader_gone_ = false;
};

}  // namespace npuscribe::app
