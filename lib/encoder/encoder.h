#pragma once
// Whisper's audio encoder (openai/whisper, whisper/model.py: AudioEncoder). The six matmuls of each layer run
// on the device; the convolutions, attention and the final norm run on the CPU.

#include <cstddef>
#include <functional>
#include <memory>

#include "base/matrix_view.h"
#include "device/device.h"
#include "encoder/encode_model.h"
#include "model/checkpoint.h"

namespace npuscribe {

class ThreadPool;

class Encoder final : public EncodeModel {
  public:
    /// Loads the weights onto `device`. `device` and `pool` must outlive the encoder. Throws ModelError.
    Encoder(const Checkpoint& checkpoint, Device& device, ThreadPool& pool);
    ~Encoder() override;

    const Dimensions& dimensions() const override;
    /// Throws ModelError if the shapes are not the model's.
    void encode(MatrixView<const float> mel, MatrixView<float> out) override;
    /// True if the device is asynchronous.
    bool gains_from_pairs() const override;
    /// The device works for one window while the CPU works for the other (pair_order.h). Takes memory for a
    /// second window from the first call on. `on_layer` is not called.
    void encode_pair(EncodeJob& first, EncodeJob& second) override;
    const EncoderTimes& times() const override;

    /// The hidden state after the stem (0) and after each layer (1 … n_audio_layer), [n_ctx × n_audio_state],
    /// for comparing numerics layer by layer. Called during encode if set.
    std::function<void(size_t layer, MatrixView<const float> hidden)> on_layer;

  private:
    struct Impl;
    class Pass;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
