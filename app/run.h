#pragma once
// One run of `transcribe`: receives the transcriber's events, prints, writes, and keeps the report.

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/stopwatch.h"
#include "console.h"
#include "inputs.h"
#include "npuscribe/npuscribe.h"
#include "output/report.h"
#include "outputs.h"
#include "progress.h"

namespace npuscribe::app {

class Run {
  public:
    struct Settings {
        bool print_text = true;      // transcripts go to stdout
        bool skip_existing = false;  // inputs whose outputs are all there are left out
        bool trace = false;          // keep the windows' stages, and memory, for a report
    };

    /// `inputs` may hold some that have failed already: they are reported and left out. All references must
    /// outlive the run.
    Run(const std::vector<Input>& inputs, const OutputPlan& plan, Console& console, const Settings& settings);

    /// Whether there is anything to transcribe.
    bool empty() const { return paths_.empty(); }

    /// Transcribes everything. Throws Cancelled and DeviceError; what was finished before is in the report.
    /// `cancel` is also set by the run itself where nobody reads its output any more.
    void transcribe(Session& session, std::atomic<bool>& cancel);

    const std::vector<output::FileReport>& files() const { return files_; }
    bool some_failed() const;
    /// Puts into a report what was kept of the windows. `started`: seconds from the report's start to the
    /// call of `transcribe`.
    void add_trace(output::RunReport& report, double started) const;
    /// Stopped because stdout was closed, with nothing else to write.
    bool reader_gone() const { return reader_gone_; }

  private:
    void on_window(const WindowTrace& window);
    void on_segment(size_t input, const Segment& segment);
    void on_progress(size_t input, double done, double length);
    void on_done(size_t input, const Transcript& transcript, const Timing& timing);
    void finish(size_t input, bool failed);
    void fail(size_t file, const std::string& message);
    void print(const std::function<void()>& call);

    const OutputPlan& plan_;
    Console& console_;
    const Settings settings_;
    std::vector<output::FileReport> files_;     // of all inputs
    std::vector<std::filesystem::path> paths_;  // of those to transcribe
    std::vector<size_t> index_;                 // where they stand in files_
    std::optional<TranscriptPrinter> printer_;
    std::optional<BatchProgress> progress_;  // once there is something to transcribe
    Stopwatch watch_;                        // from the beginning of the work
    std::atomic<bool>* cancel_ = nullptr;
    std::string stdout_error_;
    std::vector<WindowTrace> windows_;
    size_t windows_left_out_ = 0;
    std::vector<output::MemorySample> memory_;
    bool reader_gone_ = false;
};

}  // namespace npuscribe::app
