#pragma once
// The pipeline: audio in, segments out, for one file or many at once.

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "device/device.h"
#include "model/model.h"
#include "transcribe/events.h"
#include "transcribe/input_clips.h"
#include "transcribe/options.h"
#include "transcribe/types.h"

namespace npuscribe {

class ThreadPool;

/// Holds the model on its device, ready to run. Not thread-safe; `transcribe` may be called many times.
class Transcriber {
  public:
    /// `device` multiplies the encoder's layers; it and `pool` must outlive this. `vad` may be null if
    /// options.vad is off. Throws UsageError as validate does, before anything is loaded.
    Transcriber(const Model& model, Device& device, ThreadPool& pool, const audio::VadModel* vad,
                TranscribeOptions options);
    ~Transcriber();

    /// Transcribes files (or "-", standard input), or parts of them. One bad input never stops the others.
    /// Throws Cancelled soon after `cancel`, if given, becomes true, and DeviceError if the device fails,
    /// which stops everything.
    void transcribe(const std::vector<FileClips>& inputs, const TranscribeEvents& events,
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

/// How many windows are decoded at once unless told otherwise: 16, or 8 if the keys and values that
/// cross-attention keeps of 16 take more than 300 MB, counted in bfloat16. Each step of the decoder reads all
/// of its weights, however many windows it is for: base decodes a recording of seven minutes in 222 steps
/// with 16, and in 298 with 8.
size_t default_batch_size(const Dimensions& dimensions);

}  // namespace npuscribe
