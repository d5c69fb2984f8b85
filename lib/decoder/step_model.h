#pragma once
// One step of the text decoder for many sequences at once, as the search sees it. The real one is
// decoder/decoder.h; tests put a scripted one in its place.

#include <cstddef>
#include <span>

#include "base/matrix_view.h"
#include "model/dimensions.h"
#include "model/tokenizer.h"

namespace npuscribe {

/// One token of one sequence. A step may have several rows of the same sequence, such as a whole prompt, in
/// order of position.
struct StepRow {
    int sequence = 0;  // slot of the self-attention cache, [0, max_sequences)
    int audio = 0;     // slot of the cross-attention keys and values, [0, max_audio)
    Token token = 0;
    int position = 0;         // 0-based; the cache holds everything before it
    bool want_logits = true;  // false for all but the last token of a prompt
    /// Above 0: keep the row's cross-attention over this many frames of the audio (StepModel::attention).
    int attention_frames = 0;
};

class StepModel {
  public:
    virtual ~StepModel() = default;
    virtual const Dimensions& dimensions() const = 0;
    virtual size_t max_sequences() const = 0;
    virtual size_t max_audio() const = 0;

    /// Computes cross-attention keys and values of `encoder_output` [n_ctx × n_audio_state] into an audio
    /// slot.
    virtual void set_audio(int audio, MatrixView<const float> encoder_output) = 0;

    /// Appends each row's token to its sequence. `logits` gets one row of n_vocab for each StepRow that wants
    /// them, in order. There are at most max_sequences() + n_text_ctx rows. A row at a position that its
    /// sequence already holds starts over from there. A row's logits must not depend on other sequences of
    /// the step.
    virtual void step(std::span<const StepRow> rows, MatrixView<float> logits) = 0;

    /// Heads whose cross-attention follows the audio, for word times; 0 if the model has none.
    virtual size_t alignment_heads() const { return 0; }

    /// The cross-attention of the last step's row `row` in alignment head `head`: its softmax over the first
    /// attention_frames frames that the row asked for. Valid until the next step.
    virtual std::span<const float> attention(size_t head, size_t row) const {
        static_cast<void>(head);
        static_cast<void>(row);
        return {};
    }

    /// Copies the first `length` positions of one sequence's self-attention cache to another, which then goes
    /// on alone (best-of).
    virtual void copy_sequence(int from, int to, int length) = 0;

    /// The same without copying: both have these positions in common, and a sequence that `from` shares with
    /// counts as well. None of them may start over from a position below `length` as long as `to` goes on
    /// (beams: all of a window's end together).
    virtual void share_sequence(int from, int to, int length) = 0;
};

}  // namespace npuscribe
