#pragma once
// Whisper's log-mel spectrogram (openai/whisper, whisper/audio.py: log_mel_spectrogram).

#include <cstddef>
#include <memory>
#include <span>

#include "base/matrix_view.h"

namespace npuscribe::audio {

inline constexpr size_t kHopLength = 160;  // samples a mel frame: 10 ms
inline constexpr size_t kFftLength = 400;  // 25 ms
inline constexpr size_t kFramesPerWindow = 3000;

/// Holds the filter bank and the FFT plan. `compute` is const and may be called from several threads.
class LogMel {
  public:
    /// `n_mels` is 80 or 128; anything else throws ModelError.
    explicit LogMel(size_t n_mels);
    ~LogMel();
    LogMel(LogMel&&) noexcept;
    LogMel& operator=(LogMel&&) noexcept;

    size_t n_mels() const;

    /// `samples`: at most 30 s of 16 kHz mono, treated as if zeros followed. `out`: [n_frames × n_mels],
    /// time-major (the transpose of OpenAI's): the first n_frames, at most 3000, of the 30 s window's
    /// spectrogram. As OpenAI does for a padded clip, the dynamic range (8 decades below the maximum) is
    /// taken over the whole 30 s window, zeros included.
    void compute(std::span<const float> samples, MatrixView<float> out) const;

  private:
    struct Tables;
    std::unique_ptr<Tables> tables_;
};

}  // namespace npuscribe::audio
