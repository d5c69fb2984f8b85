#pragma once
// Where windows come from: a thread opens the inputs, decodes them, finds speech, cuts windows and computes
// their log-mel spectrograms. It stays a few windows ahead of whoever takes them.

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
#include "transcribe/audio_context.h"
#include "transcribe/input_clips.h"
#include "transcribe/window_cutter.h"

namespace npuscribe {

/// A window, ready for the encoder.
struct SourceWindow {
    size_t input = 0;
    size_t index = 0;  // in its input
    size_t part = 0;   // above 0: what the window's earlier parts left over
    audio::Window window;
    Buffer<float> mel;  // [frames × n_mels]
    double mel_seconds = 0;
    Span read_span;  // its audio decoded, and cut
    Span mel_span;
    double input_seconds = 0;  // the input's length, if it is known; else 0
};

/// Fills in the log-mel spectrogram of the window's samples, `frames` long, and the time it took.
void compute_mel(SourceWindow& window, const audio::LogMel& mel, size_t frames);

/// An input has no more windows.
struct SourceEnd {
    size_t input = 0;
    std::optional<std::string> error;  // why it could not be read, or not to the end
    bool broken_off = false;           // the error is the file's, and what came before it can be used
    int64_t samples_read = 0;
    int64_t speech_samples = 0;
    double decode_seconds = 0;
    double vad_seconds = 0;
    float peak = 0;                     // audio::Windows::peak
    std::vector<std::string> warnings;  // audio::Stream::warnings
};

using SourceItem = std::variant<SourceWindow, SourceEnd>;

struct SourceOptions {
    std::function<std::unique_ptr<audio::Stream>(size_t input)> open;  // called on the source's thread
    const InputClips* clips = nullptr;  // what is transcribed of each input; null: the options' clips
    bool one_at_a_time = false;         // an input's next window waits for `resume`
    size_t max_open = 8;                // inputs open at once, if one_at_a_time; else one is
    size_t capacity = 4;                // windows ahead
};

/// All members may be called while the thread works, by one other thread.
class WindowSource {
  public:
    /// Starts at once. `cutter`, `context` and `mel` must outlive it.
    WindowSource(size_t inputs, const WindowCutter& cutter, const AudioContext& context,
                 const audio::LogMel& mel, SourceOptions options);
    /// Waits until the thread has finished the window it is working on.
    ~WindowSource();
    WindowSource(const WindowSource&) = delete;
    WindowSource& operator=(const WindowSource&) = delete;

    /// The next item, if there is one and it is `wanted`. Inputs come in order, but windows of several may
    /// alternate. An input's windows are in order, and its end follows them. Rethrows what failed on the
    /// thread; a fault of an input is in its end instead.
    std::optional<SourceItem> take(const std::function<bool(const SourceItem&)>& wanted);

    /// Returns once there is something to take, nothing more will come, or the time is up.
    void wait(std::chrono::milliseconds most);

    /// The last window of `input` is finished, so the next may be cut; if windows are sequential, from this
    /// sample of the file on.
    void resume(size_t input, int64_t sample);

    /// True once everything has been taken.
    bool finished() const;

  private:
    /// An open input. It belongs to the thread, except `waiting` and `resume_at`.
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
    const WindowCutter& cutter_;
    const AudioContext& context_;
    const audio::LogMel& mel_;
    const SourceOptions options_;

    mutable std::mutex mutex_;
    std::condition_variable room_;       // tells the thread: an item was taken, a reader may go on, or stop
    std::condition_variable something_;  // the thread tells: there is an item, or no more will come
    std::deque<SourceItem> items_;
    std::list<Reader> readers_;
    size_t next_input_ = 0;
    bool stop_ = false;
    bool done_ = false;
    std::exception_ptr failure_;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace npuscribe
