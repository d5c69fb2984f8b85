#pragma once
// How many of its 30 s of context the encoder uses for a window.

#include <cstddef>
#include <optional>

#include "audio/log_mel.h"
#include "decoder/context_guard.h"
#include "model/dimensions.h"
#include "transcribe/options.h"

namespace npuscribe {

inline constexpr size_t kSamplesPerFrame = 2 * audio::kHopLength;  // an encoder frame is 20 ms

class AudioContext {
  public:
    AudioContext(const TranscribeOptions& options, const Dimensions& dimensions);

    /// Encoder frames of the longest window, and of every window if they are not fitted.
    size_t longest() const { return longest_; }
    /// Samples of audio that fill the longest window.
    size_t longest_samples() const { return longest_ * kSamplesPerFrame; }
    /// Encoder frames for a window of `samples` samples. If windows are fitted, these hold its sound and some
    /// silence, in whole blocks of rows; at most `longest`.
    size_t frames(size_t samples) const;
    /// The guard of the window's result; nothing if the window has the longest context.
    std::optional<ContextGuard> guard(size_t samples) const;

  private:
    size_t longest_;
    bool fitted_;
};

}  // namespace npuscribe
