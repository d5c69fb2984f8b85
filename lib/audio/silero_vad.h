#pragma once
// Silero voice activity detection, version 6, 16 kHz: weights as safetensors (PyPI: silero-vad, MIT).

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

/// Frames that a detector takes through the network at once; fewer cost as much as this many.
inline constexpr size_t kVadBatch = 64;

/// One running detector: 64 samples of context and the LSTM's state. Not for several threads at once.
class VadDetector {
  public:
    /// `model` must outlive it.
    explicit VadDetector(const VadModel& model);
    ~VadDetector();
    VadDetector(VadDetector&&) noexcept;
    /// probabilities[i] that the i-th frame of `samples` holds speech; the frames follow those of the last
    /// call. `samples` has kVadFrame samples for each probability: pad the last frame of a stream with zeros.
    void run(std::span<const float> samples, std::span<float> probabilities);
    /// Back to the beginning of a stream.
    void reset();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace npuscribe::audio
