#pragma once
// Voice activity detection: what any detector provides, and how its probabilities become speech. To add a
// detector, implement the two classes here, as silero_vad.h does, and create it in lib/npuscribe/session.cpp.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

namespace npuscribe::audio {

/// How probabilities of speech become speech segments and windows, with Silero's and faster-whisper's names.
/// The defaults suit packed windows: as in faster-whisper's batched pipeline, even a short pause ends a
/// segment, so that a window has many places at which it can end. A pause of up to `max_pause_ms` is kept as
/// it is.
struct VadOptions {
    float threshold = 0.5F;    // speech begins at this probability, and ends 0.15 below it
    int min_speech_ms = 100;   // a shorter sound is a click, not speech
    int min_silence_ms = 160;  // a shorter silence does not end a segment
    int speech_pad_ms = 400;   // kept before and after speech, if the pause is long enough
    int max_pause_ms = 1000;   // a longer pause inside a window is shortened to the padding on its two sides

    /// The probability below which speech ends, as Silero's own.
    float end_threshold() const { return std::max(threshold - 0.15F, 0.01F); }
};

/// Finds speech in one stream of 16 kHz mono samples; it keeps state between calls. Not for several
/// threads at once.
class SpeechDetector {
  public:
    virtual ~SpeechDetector() = default;
    /// Samples of one frame: a detector gives one probability for each. Always the same number, above 0.
    virtual size_t frame_samples() const = 0;
    /// Sets probabilities[i] to the probability that frame i of `samples` holds speech. The frames follow
    /// those of the last call. `samples` holds frame_samples() samples for each probability, or
    /// std::invalid_argument is thrown: pad the last frame of a stream with zeros.
    virtual void run(std::span<const float> samples, std::span<float> probabilities) = 0;
    /// Forgets the stream: the next frame is the first of another one.
    virtual void reset() = 0;
};

/// A trained network. Immutable, so that the detectors of several streams can share it.
class VadModel {
  public:
    virtual ~VadModel() = default;
    /// A detector at the beginning of a stream. The model must outlive it.
    virtual std::unique_ptr<SpeechDetector> detector() const = 0;
};

}  // namespace npuscribe::audio
