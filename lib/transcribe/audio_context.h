#pragma once
// How many of its 30 s of context the encoder uses for a window.

#include <cstddef>
#include <optional>

#include "decoder/context_guard.h"
#include "model/dimensions.h"
#include "transcribe/options.h"

namespace npuscribe {

class AudioContext {
  public:
    AudioContext(const TranscribeOptions& options, const Dimensions& dimensions);

    /// Encoder frames of the longest window, and of every window if they are not fitted.
    size_t longest() const { return longest_; }
    /// Encoder frames for a window of so many samples. If windows are fitted, these hold its sound and some
    /// silence, in whole blocks of rows; at most `longest`.
    size_t frames(size_t samples) const;
    /// The guard of the window's result; nothing if the window has the longest context.
    std::optional<ContextGuard> guard(size_t samples) const;

  private:
    size_t longest_;
    bool fitted_;
};

}  // namespace npuscribe
