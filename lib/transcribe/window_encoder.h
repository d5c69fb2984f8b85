#pragma once
// The schedule's windows, encoded: each when it is asked for, or ahead of that on a thread of its own.

#include <chrono>
#include <deque>
#include <optional>

#include "encoder/encode_model.h"
#include "transcribe/encode_ahead.h"
#include "transcribe/encoded_window.h"
#include "transcribe/window_schedule.h"

namespace npuscribe {

class WindowEncoder {
  public:
    /// `ahead`: encode while the decoder works, for a device that leaves the CPU free. Model and schedule
    /// must outlive this.
    WindowEncoder(EncodeModel& model, WindowSchedule& schedule, bool ahead);

    /// Gives the encoder work, if it runs ahead and has room.
    void feed();
    /// The next window, if one is encoded or can be now. If its encoder threw, for example because there is
    /// not enough memory, the window has the reason in `failure`. Errors of device and model are thrown.
    std::optional<ScheduledWindow> next();
    /// The encoder's output for the window that `next` returned last.
    const EncodedWindow& encoded() const { return encoded_; }
    /// Returns true once a window that is being encoded is ready, or the time is up; at once and false if
    /// there is none.
    bool wait(std::chrono::milliseconds most);

  private:
    EncodeModel& model_;
    WindowSchedule& schedule_;
    EncodedWindow encoded_;
    std::deque<ScheduledWindow> encoding_;  // with the encoder, oldest first; their mels are there
    std::optional<EncodeAhead> ahead_;      // last: its thread ends first
};

}  // namespace npuscribe
