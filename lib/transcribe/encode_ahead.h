#pragma once
// Windows encoded on a thread of its own, ahead of the decoder: where a device multiplies while the CPU is
// free, the encoder of the next windows runs while the decoder works on these.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "base/stopwatch.h"
#include "encoder/encoder.h"

namespace npuscribe {

/// A window's encoder output, and what it took.
struct EncodedWindow {
    Buffer<float> output;  // [n_ctx × n_audio_state]
    size_t n_ctx = 0;
    EncoderTimes times;  // of this window alone
    double seconds = 0;
    Span span;
};

/// The encoder, as it is called: mel [2·n_ctx × n_mels] to [n_ctx × n_audio_state], and its times so far.
struct EncodeCalls {
    std::function<void(MatrixView<const float> mel, MatrixView<float> out)> encode;
    std::function<EncoderTimes()> times;
    size_t n_mels = 0;
    size_t n_audio_state = 0;
};

/// One window, on the caller's thread. `mel` is [2·n_ctx × n_mels]; `output`, which may be empty, is used
/// again.
EncodedWindow encode_window(const EncodeCalls&, const Buffer<float>& mel, Buffer<float> output = {});

/// First in, first out. All members are for one thread; the work is done on another.
class EncodeAhead {
  public:
    /// At most `depth` windows wait, are encoded or are ready at any time.
    EncodeAhead(EncodeCalls calls, size_t depth);
    /// Waits for the window that is being encoded; the others are dropped.
    ~EncodeAhead();

    bool has_room() const;
    bool empty() const;
    /// Needs room.
    void submit(Buffer<float> mel);
    /// The oldest window, where it is ready. Rethrows what the encoder threw for it.
    std::optional<EncodedWindow> take();
    /// Blocks until the oldest window is ready, or for so long. Needs a window.
    void wait(std::chrono::milliseconds most);

  private:
    struct Slot {
        Buffer<float> mel;
        std::optional<EncodedWindow> window;
        std::exception_ptr error;
        bool ready = false;
    };

    void work();

    const EncodeCalls calls_;
    const size_t depth_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Slot> slots_;  // oldest first; those in front are ready
    size_t ready_ = 0;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace npuscribe
