#pragma once
// The inputs that a run is working on, and what is reported about them: segments and progress as windows
// finish, results in the order of inputs.

#include <cstddef>
#include <map>

#include "transcribe/events.h"
#include "transcribe/file_job.h"
#include "transcribe/input_clips.h"

namespace npuscribe {

class OpenInputs {
  public:
    /// `count`: inputs of the run, `clips`: what is transcribed of each. An input's times are added to `sum`
    /// once its result is reported. All references must outlive this.
    OpenInputs(size_t count, const InputClips& clips, const FileJob::Settings& settings,
               const TranscribeEvents& events, Timing& sum)
        : count_(count), clips_(clips), settings_(settings), events_(events), sum_(sum) {}

    /// The input's job: created on first use, and valid until the input's result is reported.
    FileJob& job(size_t input);

    /// A window of the input was encoded: reports the progress.
    void window_encoded(size_t input, FileJob::Place place, const EncodedWindow& window);
    /// A window of the input was finished: reports its segments, the progress, and every result that is next
    /// in order.
    void window_finished(size_t input);
    /// The input has no more windows: reports the same, except the progress.
    void input_ended(const SourceEnd& end);

    /// All results have been reported.
    bool all_told() const { return told_ == count_; }

  private:
    void tell_progress(size_t input, const FileJob& job) const;
    void tell_segments(size_t input, FileJob& job) const;
    void tell_results();

    const size_t count_;
    const InputClips& clips_;
    const FileJob::Settings& settings_;
    const TranscribeEvents& events_;
    Timing& sum_;
    std::map<size_t, FileJob> jobs_;
    size_t told_ = 0;
};

}  // namespace npuscribe
