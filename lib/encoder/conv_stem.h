#pragma once
// Whisper's two convolutions over the mel spectrogram (kernel 3, the second with stride 2), each with GELU,
// then the position table. Both run as matmuls, because in time-major order three neighbouring frames are one
// contiguous row.

#include <cstddef>
#include <memory>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "model/checkpoint.h"

namespace npuscribe {

class ConvStem {
  public:
    /// `device` is a CPU device in bf16 or fp32: coarser rounding of the stem ruins everything after it.
    ConvStem(const Checkpoint& checkpoint, Device& device);

    /// `mel` [2·n_ctx × n_mels] → `out` [n_ctx × n_audio_state].
    void run(MatrixView<const float> mel, MatrixView<float> out);

  private:
    Device& device_;
    Dimensions dimensions_;
    std::unique_ptr<Linear> conv1_;
    std::unique_ptr<Linear> conv2_;
    std::unique_ptr<Operand> operand1_;
    std::unique_ptr<Operand> operand2_;
    Buffer<float> positions_;   // [n_audio_ctx × n_audio_state]
    Buffer<float> padded_mel_;  // [2·n_audio_ctx + 2 × n_mels], a zero frame at either end
    Buffer<float> hidden_;      // [2·n_audio_ctx + 2 × n_audio_state], the same
};

}  // namespace npuscribe
