#pragma once
// How much of its 30 s of context the encoder is given for a window.

#include <cstddef>
#include <optional>

#include "decoder/context_guard.h"
#include "model/dimensions.h"
#include "transcribe/options.h"

namespace npuscribe {

class AudioContext {
  public:
    AudioContext(const TranscribeOptions& options, const Dimensions& dimensions);

    /// Encoder frames of the longest window, and of those that are not shortened.
    size_t longest() const { return longest_; }
    /// Encoder frames for a window of so many samples: where they are fitted, its sound and some silence, in
    /// whole blocks of rows; at most `longest`.
    size_t frames(size_t samples) const;
    /// What the result is held to; nothing where the window gets all that there is.
    std::optional<ContextGuard> guard(size_t samples) const;

  private:
    size_t longest_;
    bool fitted_;
};

}  // namespace npuscribe
