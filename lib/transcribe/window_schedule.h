#pragma once
// Which window comes next: one that was refused, then what a window left over, then the source's next.

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "audio/log_mel.h"
#include "base/buffer.h"
#include "decoder/context_guard.h"
#include "decoder/prompt.h"
#include "transcribe/audio_context.h"
#include "transcribe/file_job.h"
#include "transcribe/open_inputs.h"
#include "transcribe/run_trace.h"
#include "transcribe/window_source.h"

namespace npuscribe {

/// A window on its way through encoder and decoder.
struct ScheduledWindow {
    size_t input = 0;
    FileJob::Place place;
    Buffer<float> mel;                  // [2·n_ctx × n_mels]; empty once it is encoded
    PromptParts prompt;                 // what it is given beside its audio
    std::optional<ContextGuard> guard;  // if its context is shortened
    WindowTrace trace;
    std::string failure;  // why it could not be encoded; else empty
};

class WindowSchedule {
  public:
    /// All must outlive the schedule.
    WindowSchedule(WindowSource& source, OpenInputs& inputs, const AudioContext& context,
                   const audio::LogMel& mel, const RunTrace& trace)
        : source_(source), inputs_(inputs), context_(context), mel_(mel), trace_(trace) {}

    /// The next window that may be decoded, if there is one now. Windows of an input wait until its first one
    /// has told the language.
    std::optional<ScheduledWindow> next();
    /// Reports the ends of inputs that the source has come to, while no window is taken.
    void take_ends();

    /// The decoder refused this window, because its shortened context did not do: it is encoded once more, at
    /// full length.
    void add_refused(ScheduledWindow window) { refused_.push_back(std::move(window)); }
    /// A window of the input left this over.
    void add_rest(size_t input, SourceWindow rest);

  private:
    ScheduledWindow begin(SourceWindow window);
    ScheduledWindow at_full_length(ScheduledWindow window);

    WindowSource& source_;
    OpenInputs& inputs_;
    const AudioContext& context_;
    const audio::LogMel& mel_;
    const RunTrace& trace_;
    std::deque<ScheduledWindow> refused_;
    std::deque<SourceWindow> rests_;
};

}  // namespace npuscribe
