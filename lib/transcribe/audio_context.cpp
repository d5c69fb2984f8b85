#include "transcribe/audio_context.h"

#include <algorithm>

#include "audio/stream.h"

namespace npuscribe {

namespace {

/// With less silence after the speech the decoder loops more often; more silence costs time and gains
/// nothing.
constexpr size_t kSilence = 4 * audio::kSampleRate;
/// Rounding to 64 frames keeps the number of oneDNN primitives small. An NPU's programs pad to their own
/// numbers of rows (kernels/plan.json).
constexpr size_t kRowBlock = 64;

size_t longest_of(const TranscribeOptions& options, const Dimensions& dimensions) {
    return options.n_audio_ctx == 0 ? dimensions.n_audio_ctx : options.n_audio_ctx;
}

size_t rounded_up(size_t count, size_t step) {
    return (count + step - 1) / step * step;
}

}  // namespace

AudioContext::AudioContext(const TranscribeOptions& options, const Dimensions& dimensions)
    : longest_(longest_of(options, dimensions)),
      fitted_(options.fit_audio_ctx && !options.decoding.temperatures.empty() &&
              options.decoding.temperatures.front() == 0) {}

size_t AudioContext::frames(size_t samples) const {
    if (!fitted_) return longest_;
    const size_t wanted = rounded_up(samples + kSilence, kSamplesPerFrame) / kSamplesPerFrame;
    return std::min(longest_, rounded_up(wanted, kRowBlock));
}

std::optional<ContextGuard> AudioContext::guard(size_t samples) const {
    const size_t encoded = frames(samples);
    if (encoded == longest_) return std::nullopt;
    const auto seconds = [](size_t count) { return static_cast<double>(count) / audio::kSampleRate; };
    return guard_of(seconds(samples), seconds(encoded * kSamplesPerFrame));
}

}  // namespace npuscribe
