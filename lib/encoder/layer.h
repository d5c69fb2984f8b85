#pragma once
// One encoder layer: the six matmuls that run on the device, and the work between them.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "encoder/self_attention.h"
#include "model/checkpoint.h"

namespace npuscribe {

/// Memory that all layers share: sized once for n_audio_ctx frames.
struct LayerWorkspace {
    LayerWorkspace(const Dimensions& dimensions, Device& device);

    Buffer<float> qkv;                   // three times [n_audio_ctx × n_audio_state]
    std::unique_ptr<Operand> operand;    // of n_audio_state columns
    std::unique_ptr<Operand> mlp_inner;  // of 4·n_audio_state columns
};

/// Seconds by kind of work, summed.
struct LayerTimes {
    double prepare = 0;
    double matmul = 0;
    double attention = 0;
};

class EncoderLayer {
  public:
    EncoderLayer(const Checkpoint& checkpoint, size_t index, Device& device);

    /// x [n_ctx × n_audio_state] becomes the layer's output.
    void run(MatrixView<float> x, LayerWorkspace& workspace, SelfAttention& attention, LayerTimes& times);

  private:
    struct Norm {
        Buffer<float> weight, bias;
        LayerNorm view() const { return {{weight.data(), weight.size()}, {bias.data(), bias.size()}}; }
    };

    Device& device_;
    std::vector<std::unique_ptr<Linear>> inputs_;  // query, key and value, or all three in one
    std::unique_ptr<Linear> out_;
    std::unique_ptr<FeedForward> mlp_;
    Norm attention_norm_, mlp_norm_;
};

}  // namespace npuscribe
