#pragma once
// Keys and values of the audio, for the decoder's cross-attention: computed once a window, read at every
// step.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "model/checkpoint.h"

namespace npuscribe {

class ThreadPool;

/// How a window's keys and values are kept.
enum class CrossFormat {
    int8,  // 8 bits and a scale a position; only if simd::kernels().audio is int8
    bf16,
    f32,
};

class CrossCache {
  public:
    /// Loads the key and value projections of all layers onto `device`, a CPU device, which rounds them.
    CrossCache(const Checkpoint& checkpoint, size_t slots, CrossFormat format, Device& device,
               ThreadPool& pool);

    /// Fills a slot from `encoder_output` [n_ctx × n_audio_state]. Memory for a slot is taken at its first
    /// use.
    void fill(size_t slot, MatrixView<const float> encoder_output);

    /// Audio frames in a slot; 0 before its first use.
    size_t n_ctx(size_t slot) const { return n_ctx_[slot]; }

    /// Replaces the queries `q` [rows × 64] of one head by its attention's output. `scratch`: scratch_size()
    /// floats.
    void attend(size_t slot, size_t layer, size_t head, MatrixView<float> q, std::span<float> scratch) const;
    size_t scratch_size() const;

    /// The weights that `attend` would give the first `out.cols` frames if there were no others. `out` is
    /// [rows × frames]; whole blocks of 16 are written, so each row needs room for them.
    void weigh(size_t slot, size_t layer, size_t head, MatrixView<const float> q,
               MatrixView<float> out) const;

  private:
    uint8_t* head(size_t slot, size_t layer, size_t head);
    const uint8_t* head(size_t slot, size_t layer, size_t head) const;

    Device& device_;
    ThreadPool& pool_;
    Dimensions dimensions_;
    CrossFormat format_;
    std::vector<std::unique_ptr<Linear>> keys_, values_;
    std::unique_ptr<Operand> operand_;
    Buffer<float> projected_keys_, projected_values_;  // [n_audio_ctx × n_text_state]
    std::vector<Buffer<uint8_t>> slots_;               // one head's packed keys and values after the other's
    std::vector<size_t> n_ctx_;
    std::vector<size_t> head_bytes_;  // of n_ctx_
};

}  // namespace npuscribe
