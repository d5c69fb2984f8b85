#pragma once
// Silero voice activity detection, version 6, for 16 kHz. PyPI's package silero-vad (MIT) has the weights.

#include <filesystem>

#include "audio/vad.h"

namespace npuscribe::audio {

class SileroVad final : public VadModel {
  public:
    static constexpr size_t kFrame = 512;  // samples: 32 ms

    /// Reads `silero_vad_16k.safetensors`. Throws ModelError.
    explicit SileroVad(const std::filesystem::path& path);
    ~SileroVad() override;
    std::unique_ptr<SpeechDetector> detector() const override;

    struct Weights;

  private:
    std::unique_ptr<Weights> weights_;
};

}  // namespace npuscribe::audio
