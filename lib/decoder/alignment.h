#pragma once
// Where in the audio each token is spoken, from the cross-attention of the heads that follow it
// (openai/whisper, whisper/timing.py: find_alignment).

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "decoder/step_model.h"
#include "decoder/vocabulary.h"

namespace npuscribe {

/// Cross-attention of one pass over a window's tokens. `weights(head, row)` is a softmax over the window's
/// `frames`.
struct TokenAttention {
    size_t heads = 0;
    size_t rows = 0;
    size_t frames = 0;
    std::function<std::span<const float>(size_t head, size_t row)> weights;
};

/// Frames that each median is taken over.
inline constexpr size_t kMedianWidth = 7;

/// Replaces each value by the median of the kMedianWidth values around it. The row is mirrored at its ends,
/// without repeating the end itself. A row of no more than half that width stays as it is.
void median_filter(std::span<const float> values, std::span<float> out);

/// How much rows [first, last) attend to each frame, [last − first × frames]. Each head's weights are
/// standardised over all rows, frame by frame, and smoothed along the frames by the median; then the heads
/// are averaged. A frame that all rows of a head attend to alike counts 0.
Buffer<float> attention_matrix(const TokenAttention& attention, size_t first, size_t last);

/// The frame at which each of these rows begins, by dynamic time warping. The first begins at 0, and no row
/// begins before its predecessor. Needs at least one frame.
std::vector<size_t> starting_frames(const TokenAttention& attention, size_t first, size_t last);

/// The frame that the last step's row `row` attends to most, over all alignment heads. The row asked for the
/// attention to `frames` frames, of which there is at least one.
size_t attended_frame(const StepModel& model, size_t row, size_t frames);

/// The decoder pass that finds where a window's text is spoken: all tokens at once, without timestamps.
struct AlignmentPass {
    std::vector<Token> tokens;  // a prompt that ends with <|notimestamps|>, the text, <|endoftext|>
    size_t lead = 0;            // tokens before the text
    size_t frames = 0;          // of the window that hold audio

    size_t text_tokens() const { return tokens.size() - lead - 1; }
    /// Appends the pass's rows to those of a step.
    void append_rows(int sequence, int audio, std::vector<StepRow>& rows) const;
    /// After that step, in which the pass's rows begin at `first_row`: the times at which the text tokens
    /// begin, then the time at which the last one ends, in seconds of the window, in order.
    std::vector<double> text_times(const StepModel& model, size_t first_row) const;
};

/// `text` holds text tokens only; those beyond the decoder's context are left out. `frames` > 0.
AlignmentPass make_alignment_pass(const Vocabulary& vocabulary, Task task, std::string_view language,
                                  std::span<const Token> text, size_t frames, size_t n_text_ctx);

}  // namespace npuscribe
