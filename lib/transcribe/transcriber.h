#pragma once
// The pipeline: audio in, segments out, for one file or many at once.

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/device.h"
#include "model/model.h"
#include "transcribe/options.h"
#include "transcribe/types.h"

namespace npuscribe {

class ThreadPool;

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
    /// `device` multiplies the encoder's layers; it and `pool` must outlive this. `vad` may be null if
    /// options.vad is off. Throws UsageError as validate does, before anything is loaded.
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
