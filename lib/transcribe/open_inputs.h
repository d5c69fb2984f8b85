#pragma once
// The inputs that a run is working on, and what is told of them: segments and progress as windows finish,
// results in the order of inputs.

#include <cstddef>
#include <map>

#include "transcribe/events.h"
#include "transcribe/file_job.h"

namespace npuscribe {

class OpenInputs {
  public:
    /// `count`: inputs of the run. An input's times are added to `sum` once its result is told. All
    /// references must outlive this.
    OpenInputs(size_t count, const FileJob::Settings& settings, const TranscribeEvents& events, Timing& sum)
        : count_(count), settings_(settings), events_(events), sum_(sum) {}

    /// The input's job, which begins if it has not; until its result has been told.
    FileJob& job(size_t input) { return jobs_.try_emplace(input, settings_).first->second; }

    /// A window of the input was finished: tells its segments, the progress, and results whose turn it is.
    void window_finished(size_t input);
    /// No more windows of the input come: tells the same, except the progress.
    void input_ended(const SourceEnd& end);

    /// All results have been told.
    bool all_told() const { return told_ == count_; }

  private:
    void tell_segments(size_t input, FileJob& job) const;
    void tell_results();

    const size_t count_;
    const FileJob::Settings& settings_;
    const TranscribeEvents& events_;
    Timing& sum_;
    std::map<size_t, FileJob> jobs_;
    size_t told_ = 0;
};

}  // namespace npuscribe
