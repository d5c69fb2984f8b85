#pragma once
// Windows encoded on a thread of their own, ahead of the decoder: if the device leaves the CPU free, the next
// windows are encoded while the decoder works on these. Two that wait are encoded together if the model gains
// from that; the first of all is encoded alone, so that its text comes soon.

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
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
    /// Waits for the windows that are being encoded, and drops the others.
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
        EncodedOrError result;
    };

    void work();
    /// Encodes one window or two. Throws nothing.
    std::array<EncodedOrError, 2> encode(std::span<const Buffer<float>> mels);
    /// How many windows to encode next: 0 if none waits.
    size_t next_count() const;

    EncodeModel& model_;
    const size_t depth_;
    const bool pairs_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Slot> slots_;  // oldest first; those in front are ready
    size_t ready_ = 0;
    bool begun_ = false;  // the first window has been taken up
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace npuscribe
