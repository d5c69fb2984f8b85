#pragma once
// Whisper's audio encoder (openai/whisper, whisper/model.py: AudioEncoder). The six matmuls of each layer run
// on the device; the convolutions, attention and the final norm run on the CPU.

#include <cstddef>
#include <functional>
#include <memory>

#include "base/matrix_view.h"
#include "device/device.h"
#include "model/model.h"

namespace npuscribe {

class ThreadPool;

/// Wall-clock seconds, summed over all calls.
struct EncoderTimes {
    double stem = 0;      // the two convolutions
    double quantise = 0;  // layer norm and quantisation of operands
    double matmul = 0;
    double attention = 0;
    double norm = 0;  // final layer norm
};

class Encoder {
  public:
    /// Loads the weights onto `device`. `device` and `pool` must outlive the encoder.
    Encoder(const Checkpoint& checkpoint, Device& device, ThreadPool& pool);
    ~Encoder();

    const Dimensions& dimensions() const;

    /// `mel` [2·n_ctx × n_mels], time-major; `out` [n_ctx × n_audio_state]; 1 <= n_ctx <= n_audio_ctx. With
    /// fewer frames than the model's, the position table is cut there.
    void encode(MatrixView<const float> mel, MatrixView<float> out);

    /// The hidden state after the stem (0) and after each layer (1 … n_audio_layer), [n_ctx × n_audio_state],
    /// for comparing numerics layer by layer. Called during encode when set.
    std::function<void(size_t layer, MatrixView<const float> hidden)> on_layer;

    const EncoderTimes& times() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
