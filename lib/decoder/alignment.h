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

/// Cross-attention of one pass over a window's tokens. `weights(head, row)`: softmax over the window's
/// `frames`.
struct TokenAttention {
    size_t heads = 0;
    size_t rows = 0;
    size_t frames = 0;
    std::function<std::span<const float>(size_t head, size_t row)> weights;
};

/// Frames over which the median is taken.
inline constexpr size_t kMedianWidth = 7;

/// Median of the kMedianWidth values around each, mirrored at the ends without the end itself. A row of no
/// more than half that width comes out as it is.
void median_filter(std::span<const float> values, std::span<float> out);

/// How much rows [first, last) attend to each frame, [last − first × frames]: a head's weights are
/// standardised over all rows frame by frame, smoothed along frames by the median, then averaged over heads.
/// A frame that all rows of a head attend to alike counts 0.
Buffer<float> attention_matrix(const TokenAttention& attention, size_t first, size_t last);

/// The frame at which each of these rows begins, by dynamic time warping: the first at 0, none before the one
/// before it. Wants frames.
std::vector<size_t> starting_frames(const TokenAttention& attention, size_t first, size_t last);

/// The pass that tells where a window's text is spoken: no timestamps, all tokens at once.
struct AlignmentPass {
    std::vector<Token> tokens;  // what the prompt has, <|notimestamps|> last; the text; <|endoftext|>
    size_t lead = 0;            // tokens before the text
    size_t frames = 0;          // of the window that hold audio

    size_t text_tokens() const { return tokens.size() - lead - 1; }
    /// Its rows of a step.
    void append_rows(int sequence, int audio, std::vector<StepRow>& rows) const;
    /// After that step, of which its rows are those from `first_row` on: where each text token begins, and
    /// where the last one ends, in seconds of the window, in order.
    std::vector<double> text_times(const StepModel& model, size_t first_row) const;
};

/// `text` holds text tokens alone; what is beyond the decoder's context is left out. `frames` > 0.
AlignmentPass make_alignment_pass(const Vocabulary& vocabulary, Task task, std::string_view language,
                                  std::span<const Token> text, size_t frames, size_t n_text_ctx);

}  // namespace npuscribe
