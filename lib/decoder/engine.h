#pragma once
// Continuous batching: many windows in flight, of one file or of many. A window takes an audio slot and as
// many sequence slots as its search is wide; when one ends, the next takes its place. Windows come from a
// pull callback and leave through a sink as they finish, in any order. What a window becomes does not depend
// on what is decoded beside it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/matrix_view.h"
#include "decoder/context_guard.h"
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
    MatrixView<const float>
        encoder_output;  // [n_ctx × n_audio_state]; read at once, not needed after the next pull
    PromptParts prompt;
    uint64_t sample_key = 0;  // tells the random numbers of this window from another's
    /// Where the encoder did not see all that it might: one attempt, and a result that does not hold to this
    /// comes back as `refused`.
    std::optional<ContextGuard> guard = std::nullopt;
    size_t audio_frames = 0;  // of encoder_output that hold audio, the rest being padding; 0: all
    /// Where speech is known to go on up to this frame: the first attempt does not end at a timestamp before
    /// it (Whisper does, where it takes a window's last sentence for one that goes on in the next window). 0:
    /// the text may end anywhere.
    size_t earliest_end_frame = 0;
};

/// What it took. Seconds are wall-clock; a step's are shared among its windows by rows.
struct DecodeCost {
    double cross_kv_seconds = 0;
    double decoder_seconds = 0;
    uint64_t steps = 0;   // steps that this window took part in
    uint64_t tokens = 0;  // sampled, over all hypotheses and attempts
};

struct EngineCallbacks {
    /// The next window, or nothing: then it is asked again in the next step.
    std::function<std::optional<DecodeRequest>()> pull;
    std::function<void(size_t id, DecodingResult result, const DecodeCost& cost)> sink;
    /// A window's language, as soon as it has been detected (with a guard: once the result is believed); may
    /// be empty.
    std::function<void(size_t id, const std::string& code, double probability)> on_language;
};

class DecodingEngine {
  public:
    /// `model`, `vocabulary` and `pool` must outlive the engine; `pool`, which may be null, looks at rows of
    /// logits side by side. The options are those that lib/transcribe has validated. Throws std::logic_error
    /// if they need more sequences than the model has, and ModelError if model and vocabulary do not belong
    /// together.
    DecodingEngine(StepModel& model, const Vocabulary& vocabulary, const DecodingOptions& options,
                   ThreadPool* pool, EngineCallbacks callbacks);
    ~DecodingEngine();

    /// Takes in windows while there is room, then runs one decoder step. False where there was nothing to do:
    /// no window is in flight, and none was pulled. An exception, a callback's included, leaves the engine
    /// fit for destruction only.
    bool step();

    size_t in_flight() const;
    /// Decoder steps so far.
    uint64_t steps() const;

    /// Sequences that a model needs for `windows` at once: a searching window never waits, and one that falls
    /// back to sampling finds room beside the others.
    static size_t sequences_for(const DecodingOptions& options, size_t windows);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
