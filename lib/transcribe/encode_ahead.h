#pragma once
// Windows encoded on a thread of their own, ahead of the decoder: if the device leaves the CPU free, the next
// windows are encoded while the decoder works on these.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "base/buffer.h"
#include "encoder/encode_model.h"
#include "transcribe/encoded_window.h"

namespace npuscribe {

/// First in, first out. One thread calls all members; the work is done on another.
class EncodeAhead {
  public:
    /// At most `depth` windows wait, are being encoded or are ready at any time. `model` must outlive this.
    EncodeAhead(EncodeModel& model, size_t depth);
    /// Waits for the window that is being encoded, and drops the others.
    ~EncodeAhead();

    bool has_room() const;
    bool empty() const;
    /// Only if it has room.
    void submit(Buffer<float> mel);
    /// The oldest window, if it is ready. Rethrows what the encoder threw for it.
    std::optional<EncodedWindow> take();
    /// Blocks until the oldest window is ready, or the time is up. Needs a window.
    void wait(std::chrono::milliseconds most);

  private:
    struct Slot {
        Buffer<float> mel;
        std::optional<EncodedWindow> window;
        std::exception_ptr error;
    };

    void work();

    EncodeModel& model_;
    const size_t depth_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Slot> slots_;  // oldest first; those in front are ready
    size_t ready_ = 0;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace npuscribe
