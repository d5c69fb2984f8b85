#pragma once
// Windows from the source, through the encoder, into the decoding engine, and back to the inputs that they
// belong to.

#include <atomic>
#include <filesystem>
#include <functional>
#include <vector>

#include "audio/log_mel.h"
#include "decoder/step_model.h"
#include "decoder/vocabulary.h"
#include "encoder/encoder.h"
#include "transcribe/audio_context.h"
#include "transcribe/channels.h"
#include "transcribe/transcriber.h"
#include "transcribe/window_source.h"

namespace npuscribe {

/// The model, as the pipeline needs it: tests put others in the place of Encoder and WhisperDecoder.
struct ModelParts {
    /// mel [2·n_ctx × n_mels] to [n_ctx × n_audio_state].
    std::function<void(MatrixView<const float> mel, MatrixView<float> out)> encode;
    std::function<EncoderTimes()> encoder_times;
    /// Encode on a thread of its own, while the decoder works: for a device that leaves the CPU free.
    bool encode_ahead = false;
    StepModel* decoder = nullptr;
    const Vocabulary* vocabulary = nullptr;
};

class Pipeline {
  public:
    /// `cut` makes windows of a stream, none longer than AudioContext::longest: sequential ones where
    /// options.vad is off. All that `parts` points at, and `pool` (may be null), must outlive the pipeline.
    Pipeline(const ModelParts& parts, const TranscribeOptions& options, ThreadPool* pool,
             std::function<std::unique_ptr<audio::Windows>(audio::Stream&)> cut);

    /// As Transcriber::transcribe. `open` stands in for audio::open in tests.
    void run(const std::vector<std::filesystem::path>& inputs, const TranscribeEvents& events,
             const std::atomic<bool>* cancel, OpenAudio open = nullptr);

    /// Sum over all runs; `total` is the time inside `run`.
    const Timing& timing() const { return timing_; }

  private:
    ModelParts parts_;
    TranscribeOptions options_;
    ThreadPool* pool_;
    std::function<std::unique_ptr<audio::Windows>(audio::Stream&)> cut_;
    audio::LogMel mel_;
    AudioContext context_;
    Timing timing_;
};

}  // namespace npuscribe
