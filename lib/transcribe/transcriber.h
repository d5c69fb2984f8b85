#pragma once
// The pipeline: audio in, segments out, for one file or many at once.

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audio/clips.h"
#include "audio/window.h"
#include "decoder/options.h"
#include "device/device.h"
#include "model/model.h"
#include "transcribe/types.h"
#include "transcribe/words.h"

namespace npuscribe {

class ThreadPool;

/// What of an input's channels is transcribed: their mean, one of them, or both of two, each by itself.
enum class Channels { mix, left, right, split };

struct TranscribeOptions {
    DecodingOptions decoding;
    Channels channels = Channels::mix;
    std::vector<audio::Clip> clips;  // of each input; none: all of it. As audio::check_clips wants them
    bool vad = true;
    audio::VadOptions vad_options;
    size_t batch_size = 8;   // windows decoded at once, over all files
    WordOptions words;       // where decoding.word_timestamps is on
    size_t n_audio_ctx = 0;  // encoder frames of 20 ms used, at the most; 0: all of the model's
    /// Encode a window's sound and some silence, not all of `n_audio_ctx`; all of it where the words that
    /// come of that are not to be believed, and where the first temperature is not 0.
    bool fit_audio_ctx = true;
};

/// What a run tells as it goes. Called on the thread that called `transcribe`. Any may be empty.
struct TranscribeEvents {
    /// A finished segment, in file order within its input. With Channels::split, once all of it is finished.
    std::function<void(size_t input, const Segment&)> on_segment;
    /// Seconds of the input (of its clips, where there are some) that are behind us, and its length where
    /// known (0 where not).
    std::function<void(size_t input, double done, double length)> on_progress;
    /// A window came back from the decoder: when its stages were, since `transcribe` was called.
    std::function<void(const WindowTrace&)> on_window;
    /// An input is finished. Exactly one call an input, in input order: what comes first is held until its
    /// turn.
    std::function<void(size_t input, const Transcript&, const Timing&)> on_done;
    /// An input failed: InputError's message. Takes the place of on_done.
    std::function<void(size_t input, const std::string& message)> on_error;
};

/// Holds the model on its device, ready to run. Not thread-safe; `transcribe` may be called many times.
class Transcriber {
  public:
    /// `device` multiplies the encoder's layers; it and `pool` must outlive this. `vad` may be null where
    /// options.vad is off.
    Transcriber(const Model& model, Device& device, ThreadPool& pool, const audio::VadModel* vad,
                TranscribeOptions options);
    ~Transcriber();

    /// Transcribes files (or "-", standard input). One bad input never stops the others. `cancel`, where
    /// given, is looked at between steps: once true, throws Cancelled. Device errors stop everything:
    /// DeviceError.
    void transcribe(const std::vector<std::filesystem::path>& inputs, const TranscribeEvents& events,
                    const std::atomic<bool>* cancel = nullptr);
    /// The same for one input that is in memory: 16 kHz, mono.
    void transcribe(std::span<const float> samples, const TranscribeEvents& events,
                    const std::atomic<bool>* cancel = nullptr);

    /// Sum over everything done so far; `total` is the time inside `transcribe`.
    const Timing& timing() const;
    Setup setup() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
