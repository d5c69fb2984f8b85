#pragma once
// Keys and values of the audio, for the decoder's cross-attention: computed once a window, read at every
// step.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "model/checkpoint.h"
#include "simd/attention.h"

namespace npuscribe {

class ThreadPool;

class CrossCache {
  public:
    /// Loads every layer's key and value projections. `device` is a CPU device.
    CrossCache(const Checkpoint& checkpoint, size_t slots, simd::Element element, Device& device,
               ThreadPool& pool);

    /// Fills a slot from `encoder_output` [n_ctx × n_audio_state]. Memory for a slot is taken at its first
    /// use.
    void fill(size_t slot, MatrixView<const float> encoder_output);

    simd::PackedHead head(size_t slot, size_t layer, size_t head) const;
    size_t n_ctx(size_t slot) const { return n_ctx_[slot]; }

  private:
    Device& device_;
    ThreadPool& pool_;
    Dimensions dimensions_;
    simd::Element element_;
    size_t head_bytes_;  // of packed keys, or of packed values
    std::vector<std::unique_ptr<Linear>> keys_, values_;
    std::unique_ptr<Operand> operand_;
    Buffer<float> projected_;  // [n_audio_ctx × n_text_state]
    std::vector<Buffer<uint8_t>> slots_;
    std::vector<size_t> n_ctx_;
};

}  // namespace npuscribe
