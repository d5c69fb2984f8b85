#pragma once
// Continuous batching: many windows are in flight, of one file or of many. A window takes an audio slot, and
// one sequence slot for each text that its search follows; when a window ends, the next takes its place.
// Windows come from a pull callback, and leave through a sink as they finish, in any order. A window's result
// does not depend on the windows that are decoded beside it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/matrix_view.h"
#include "decoder/context_guard.h"
#include "decoder/language.h"
#include "decoder/options.h"
#include "decoder/prompt.h"
#include "decoder/result.h"
#include "decoder/step_model.h"
#include "decoder/vocabulary.h"

namespace npuscribe {

class ThreadPool;

/// A window to be decoded.
struct DecodeRequest {
    size_t id = 0;  // the caller's; comes back with the result
    /// [n_ctx × n_audio_state]; read at once: it may change after the next pull.
    MatrixView<const float> encoder_output;
    PromptParts prompt;
    uint64_t sample_key = 0;  // gives each window random numbers of its own
    /// Set if the encoder did not see the whole context. A result that the guard does not trust comes back as
    /// `refused`, after one attempt.
    std::optional<ContextGuard> guard = std::nullopt;
    size_t audio_frames = 0;  // of encoder_output that hold audio, not padding; 0: all
    /// Speech is known to go on up to this frame: the first attempt does not end at a timestamp before it.
    /// Whisper otherwise does so if it expects the last sentence to continue in the next window. 0: the
    /// text may end anywhere.
    size_t earliest_end_frame = 0;
    /// The same for two timestamps, of which the second begins a segment: Whisper says that speech goes on
    /// there, and OpenAI's transcribe.py starts the next window at it.
    size_t earliest_open_end_frame = 0;
    /// If it returns true for the accepted text, DecodingResult::text_times are found although the options do
    /// not ask for word times. May be empty.
    std::function<bool(const DecodingResult&)> wants_times = nullptr;
    /// Fill DecodingResult::frames, if the model has heads that follow the audio.
    bool locate = false;
};

/// What a window took. Seconds are wall-clock; those of a step are shared among its windows by their rows.
struct DecodeCost {
    double cross_kv_seconds = 0;
    double decoder_seconds = 0;
    uint64_t steps = 0;   // that this window took part in
    uint64_t rows = 0;    // of its steps: tokens fed to the decoder
    uint64_t tokens = 0;  // sampled, over all hypotheses and attempts
};

struct EngineCallbacks {
    /// Returns the next window, or nothing: then the next step asks again.
    std::function<std::optional<DecodeRequest>()> pull;
    std::function<void(size_t id, DecodingResult result, const DecodeCost& cost)> sink;
    /// Chooses the language of a window from the probabilities of Vocabulary::languages. Called for each
    /// window whose prompt has no language, in the order in which windows came, and once more if one comes
    /// again. Empty: the likeliest.
    std::function<DetectedLanguage(size_t id, std::span<const double> probabilities)> choose_language;
    /// Called as soon as a window's language has been detected; with a guard, once the result is trusted. May
    /// be empty.
    std::function<void(size_t id, const std::string& code, double probability)> on_language;
};

class DecodingEngine {
  public:
    /// `model`, `vocabulary` and `pool` must outlive the engine. `pool`, which may be null, works on several
    /// rows of logits at once. The options must be valid (validate in transcribe/options.h). Throws
    /// std::logic_error if they need more sequences than the model has, and ModelError if model and
    /// vocabulary do not belong together.
    DecodingEngine(StepModel& model, const Vocabulary& vocabulary, const DecodingOptions& options,
                   ThreadPool* pool, EngineCallbacks callbacks);
    ~DecodingEngine();

    /// Takes in windows while there is room, then runs one decoder step. Returns false if there was nothing
    /// to do: no window is in flight, and none was pulled. After an exception, a callback's included, the
    /// engine can only be destroyed.
    bool step();

    size_t in_flight() const;
    /// Decoder steps so far.
    uint64_t steps() const;

    /// Sequences that a model needs to decode `windows` windows at once: no search waits for another, and one
    /// window at a time can fall back to sampling beside the others.
    static size_t sequences_for(const DecodingOptions& options, size_t windows);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
