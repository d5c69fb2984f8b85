#pragma once
// Voice activity detection that listens twice, so that a quiet or far voice beside a loud one is heard.
//
// Silero's network takes the level of its input into account: after loud speech it no longer hears a voice
// that is 20 dB quieter, and it hears a narrow-band voice at a full level less well than at a low one. A
// person hears both. So where the first detector hears nothing for a while, but there is sound above the
// background, a second detector hears the same samples again, brought to the level at which the network hears
// best. Where it hears a voice for a while, a frame's probability is the higher of the two. Private to
// lib/audio.

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "audio/vad.h"

namespace npuscribe::audio {

class SecondLook final : public SpeechDetector {
  public:
    /// Pauses, in which the probability is below the threshold, are listened to again. `model` must outlive
    /// it.
    SecondLook(const VadModel& model, const VadOptions& options);

    size_t frame_samples() const override { return frame_; }
    /// A call should have a second of samples or more: pauses are looked for inside each call.
    void run(std::span<const float> samples, std::span<float> probabilities) override;
    void reset() override;

  private:
    void measure(std::span<const float> samples, size_t frames);
    void find_pauses(std::span<const float> probabilities);
    size_t frames_in(float seconds) const;
    void take_over(std::span<float> probabilities);
    void listen_again(std::span<const float> samples, size_t begin, size_t end,
                      std::span<float> probabilities);

    const float threshold_;
    const float speech_ends_;
    std::unique_ptr<SpeechDetector> first_;
    std::unique_ptr<SpeechDetector> second_;
    const size_t frame_;
    std::array<float, 7> before_{};   // the last samples of the call before
    float background_;                // dB: a level that the last seconds were hardly ever below
    bool looking_ = false;            // the samples before were listened to again, in the same pause
    bool hearing_ = false;            // and they ended in a voice
    float high_passed_ = 0;           // the last sample of the high pass
    float before_high_pass_ = 0;      // and what it was made of
    std::vector<float> powers_;       // of this call's frames, in the band of voices
    std::vector<float> backgrounds_;  // at each of this call's frames
    std::vector<char> pause_;         // 1 for each of this call's frames that is in a pause
    std::vector<float> levels_;       // dB, of the frames of one pause, smoothed
    std::vector<float> levelled_;
    std::vector<float> heard_;
};

}  // namespace npuscribe::audio
