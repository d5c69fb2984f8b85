#pragma once
// Silero voice activity detection, version 6, 16 kHz: weights as safetensors (PyPI: silero-vad, MIT).

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace npuscribe::audio {

inline constexpr size_t kVadFrame = 512;  // samples: 32 ms

/// The weights; immutable, shared by any number of detectors.
class VadModel {
  public:
    /// Reads `silero_vad_16k.safetensors`. Throws ModelError.
    explicit VadModel(const std::filesystem::path& path);
    ~VadModel();
    VadModel(VadModel&&) noexcept;
    struct Weights;
    const Weights& weights() const { return *weights_; }

  private:
    std::unique_ptr<Weights> weights_;
};

/// One running detector: 64 samples of context and the LSTM's state.
class VadDetector {
  public:
    explicit VadDetector(const VadModel& model);
    ~VadDetector();
    VadDetector(VadDetector&&) noexcept;
    /// The probability that this frame holds speech. `frame` has kVadFrame samples; pad the last with zeros.
    float operator()(std::span<const float> frame);
    void reset();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace npuscribe::audio
