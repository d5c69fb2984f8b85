#pragma once
// The way of a window: from the source, through the encoder, into the decoding engine, and back to the input
// that it belongs to. window_schedule.h says which window comes next, window_encoder.h encodes it,
// open_inputs.h tells what came of it.

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "audio/log_mel.h"
#include "audio/window.h"
#include "decoder/step_model.h"
#include "decoder/vocabulary.h"
#include "encoder/encode_model.h"
#include "transcribe/audio_context.h"
#include "transcribe/channels.h"
#include "transcribe/events.h"
#include "transcribe/file_job.h"
#include "transcribe/options.h"
#include "transcribe/window_source.h"

namespace npuscribe {

class ThreadPool;

/// The model as the pipeline needs it: tests put others in the place of Encoder and WhisperDecoder.
struct ModelParts {
    EncodeModel* encoder = nullptr;
    /// Encode on a thread of its own while the decoder works: for a device that leaves the CPU free.
    bool encode_ahead = false;
    StepModel* decoder = nullptr;
    const Vocabulary* vocabulary = nullptr;
};

class Pipeline {
  public:
    using Cut = std::function<std::unique_ptr<audio::Windows>(audio::Stream&)>;

    /// `cut` makes windows of a stream, none longer than AudioContext::longest: sequential ones if
    /// options.vad is off. The options are valid (validate in options.h). All that `parts` points at, and
    /// `pool` (may be null), must outlive the pipeline.
    Pipeline(const ModelParts& parts, const TranscribeOptions& options, ThreadPool* pool, Cut cut);
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// As Transcriber::transcribe. `open` stands in for audio::open in tests.
    void run(const std::vector<std::filesystem::path>& inputs, const TranscribeEvents& events,
             const std::atomic<bool>* cancel, OpenAudio open = nullptr);

    /// Sum over all runs; `total` is the time inside `run`.
    const Timing& timing() const { return timing_; }

  private:
    class WindowLoop;

    SourceOptions source_options(const std::vector<std::filesystem::path>& inputs, OpenAudio open) const;

    ModelParts parts_;
    TranscribeOptions options_;
    ThreadPool* pool_;
    Cut cut_;
    audio::LogMel mel_;
    AudioContext context_;
    FileJob::Settings settings_;
    Timing timing_;
};

}  // namespace npuscribe
