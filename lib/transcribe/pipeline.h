#pragma once
// The way of a window: from the source, through the encoder, into the decoding engine, and back to the input
// that it belongs to. window_cutter.h cuts it, window_schedule.h says which window comes next,
// window_encoder.h encodes it, open_inputs.h reports the results.

#include <atomic>
#include <filesystem>
#include <vector>

#include "audio/log_mel.h"
#include "audio/vad.h"
#include "decoder/step_model.h"
#include "decoder/vocabulary.h"
#include "encoder/encode_model.h"
#include "transcribe/audio_context.h"
#include "transcribe/channels.h"
#include "transcribe/events.h"
#include "transcribe/file_job.h"
#include "transcribe/input_clips.h"
#include "transcribe/options.h"
#include "transcribe/window_cutter.h"
#include "transcribe/window_source.h"

namespace npuscribe {

class ThreadPool;

/// The models as the pipeline needs them: tests put others in the place of Encoder and WhisperDecoder.
struct ModelParts {
    EncodeModel* encoder = nullptr;
    /// Encode on a thread of its own while the decoder works: for a device that leaves the CPU free.
    bool encode_ahead = false;
    StepModel* decoder = nullptr;
    const Vocabulary* vocabulary = nullptr;
    const audio::VadModel* vad = nullptr;  // may stay null if options.vad is off
};

class Pipeline {
  public:
    /// The options are valid (validate in options.h). All that `parts` points at, and `pool` (may be null),
    /// must outlive the pipeline. `cut` stands in for audio::speech_windows and audio::sequential_windows in
    /// tests: its windows are sequential if options.vad is off.
    Pipeline(const ModelParts& parts, const TranscribeOptions& options, ThreadPool* pool,
             CutRecording cut = nullptr);
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// As Transcriber::transcribe. `open` stands in for audio::open in tests.
    void run(const std::vector<FileClips>& inputs, const TranscribeEvents& events,
             const std::atomic<bool>* cancel, OpenAudio open = nullptr);
    /// The same with the clips of the options for every input.
    void run(const std::vector<std::filesystem::path>& inputs, const TranscribeEvents& events,
             const std::atomic<bool>* cancel, OpenAudio open = nullptr);

    /// Sum over all runs; `total` is the time inside `run`.
    const Timing& timing() const { return timing_; }

  private:
    class WindowLoop;

    SourceOptions source_options(std::vector<std::filesystem::path> paths, const InputClips& clips,
                                 OpenAudio open, const std::atomic<bool>& stop) const;

    ModelParts parts_;
    TranscribeOptions options_;
    ThreadPool* pool_;
    audio::LogMel mel_;
    AudioContext context_;
    WindowCutter cutter_;
    FileJob::Settings settings_;
    Timing timing_;
};

}  // namespace npuscribe
