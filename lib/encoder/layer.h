#pragma once
// One encoder layer: the six matmuls that run on the device, and the work between them.

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "encoder/pair_order.h"
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

/// A window on its way through the layers.
struct LayerWindow {
    MatrixView<float> x;        // [n_ctx × n_audio_state]: what the layers change
    LayerWorkspace& workspace;  // of no other window that is under way
    size_t pieces = 1;          // of attention, each a step
    LayerTimes times = {};
    std::array<Run, 3> in_flight = {};  // what the device does for it: up to three products

    /// Returns when the device has done all of it.
    void wait();
};

class EncoderLayer {
  public:
    EncoderLayer(const Checkpoint& checkpoint, size_t index, Device& device);

    /// x [n_ctx × n_audio_state] becomes the layer's output.
    void run(MatrixView<float> x, LayerWorkspace& workspace, SelfAttention& attention, LayerTimes& times);

    /// One of a window's layer_steps(pieces), which are taken in order (pair_order.h). Afterwards the last
    /// product may be in flight: the next step waits for it, in this layer or the next.
    void step(size_t index, LayerWindow& window, SelfAttention& attention);

  private:
    struct Norm {
        Buffer<float> weight, bias;
        LayerNorm view() const { return {{weight.data(), weight.size()}, {bias.data(), bias.size()}}; }
    };

    MatrixView<float> input(size_t index, const LayerWindow& window) const;
    void prepare(MatrixView<const float> x, const LayerNorm* norm, LayerWindow& window);
    void submit_inputs(LayerWindow& window);

    Device& device_;
    std::vector<std::unique_ptr<Linear>> inputs_;  // query, key and value, or all three in one
    std::unique_ptr<Linear> out_;
    std::unique_ptr<FeedForward> mlp_;
    Norm attention_norm_, mlp_norm_;
};

}  // namespace npuscribe
