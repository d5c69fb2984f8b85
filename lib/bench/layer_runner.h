#pragma once
// Runs one encoder layer again and again, for any number of frames.

#include <cstddef>

#include "base/thread_pool.h"
#include "bench/context.h"
#include "encoder/layer.h"

namespace npuscribe::bench {

/// Seconds of one run. If the device's times are modelled, its part comes from its model, and the rest is
/// measured.
struct LayerSeconds {
    double total = 0;
    double prepare = 0;  // layer norms and quantisation, also of the MLP's inner values
    double matmul = 0;
    double attention = 0;
    double transfer = 0;  // to the device and back, if the device counts it
};

class LayerRunner {
  public:
    /// Layer `index` of the checkpoint on `device`, for `frames` rows. All must outlive the runner.
    LayerRunner(const Checkpoint& checkpoint, size_t index, size_t frames, Device& device, ThreadPool& pool);

    /// x [frames × n_audio_state] becomes the layer's output.
    LayerSeconds run(MatrixView<float> x);

  private:
    Device& device_;
    EncoderLayer layer_;
    LayerWorkspace workspace_;
    SelfAttention attention_;
};

}  // namespace npuscribe::bench
