#pragma once
// Where windows come from: a thread that opens inputs, decodes them, finds speech, cuts windows and computes
// their log-mel spectrograms, ahead of who takes them, but never by more than a few.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "audio/log_mel.h"
#include "audio/stream.h"
#include "audio/window.h"
#include "base/buffer.h"
#include "base/stopwatch.h"

namespace npuscribe {

/// A window, ready for the encoder.
struct SourceWindow {
    size_t input = 0;
    size_t index = 0;  // in its input
    size_t part = 0;   // 0; more for what the window's earlier parts left over
    audio::Window window;
    Buffer<float> mel;  // [frames × n_mels]
    double mel_seconds = 0;
    Span read_span;  // its audio decoded, and cut
    Span mel_span;
    double input_seconds = 0;  // the input's length, where it tells; else 0
};

/// Fills in the log-mel spectrogram of the window's samples, `frames` long, and the time that it took.
void compute_mel(SourceWindow& window, const audio::LogMel& mel, size_t frames);

/// An input's last word.
struct SourceEnd {
    size_t input = 0;
    std::optional<std::string> error;  // why it could not be read, or not to the end
    int64_t samples_read = 0;
    int64_t speech_samples = 0;
    double decode_seconds = 0;
    double vad_seconds = 0;
};

using SourceItem = std::variant<SourceWindow, SourceEnd>;

struct SourceOptions {
    std::function<std::unique_ptr<audio::Stream>(size_t input)> open;  // called on the source's thread
    std::function<std::unique_ptr<audio::Windows>(audio::Stream&)> cut;
    bool one_at_a_time = false;                    // an input's next window waits for `resume`
    std::function<size_t(size_t samples)> frames;  // of the mel spectrogram of a window of so many samples
    size_t max_open = 8;                           // inputs open at once; more than one only where they wait
    size_t capacity = 4;                           // windows ahead
};

/// All members may be called while the thread works; they are for one other thread.
class WindowSource {
  public:
    /// Starts at once. `mel` must outlive it.
    WindowSource(size_t inputs, const audio::LogMel& mel, SourceOptions options);
    /// Stops after the window it is at.
    ~WindowSource();
    WindowSource(const WindowSource&) = delete;
    WindowSource& operator=(const WindowSource&) = delete;

    /// The next item, where there is one and `wanted` says so. Inputs come in order, but windows of several
    /// may alternate; an input's windows are in order, its end follows them. Rethrows what went wrong on the
    /// thread, other than with an input.
    std::optional<SourceItem> take(const std::function<bool(const SourceItem&)>& wanted);

    /// Returns when there is something to take, or nothing more will come, or the time is up.
    void wait(std::chrono::milliseconds most);

    /// The last window of `input` has been dealt with: the next may be cut, from this sample of the file on
    /// where windows are sequential.
    void resume(size_t input, int64_t sample);

    /// Everything has been taken.
    bool finished() const;

  private:
    /// An open input. The thread's own, but for `waiting` and `resume_at`.
    struct Reader {
        size_t input = 0;
        std::unique_ptr<audio::Stream> stream;
        std::unique_ptr<audio::Windows> windows;
        size_t next_index = 0;
        bool waiting = false;
        std::optional<int64_t> resume_at;
    };

    void run();
    Reader* next_reader();
    void produce(Reader& reader);
    std::optional<SourceWindow> next_window(Reader& reader);
    void put(SourceItem item);

    const size_t inputs_;
    const audio::LogMel& mel_;
    const SourceOptions options_;

    mutable std::mutex mutex_;
    std::condition_variable room_;       // to the thread: an item was taken, a reader may go on, stop
    std::condition_variable something_;  // from it
    std::deque<SourceItem> items_;
    std::list<Reader> readers_;
    size_t next_input_ = 0;
    bool stop_ = false;
    bool done_ = false;
    std::exception_ptr failure_;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace npuscribe
