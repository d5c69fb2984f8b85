#pragma once
// softmax(Q·Kᵀ/8)·V over all frames and heads, on the CPU in bfloat16 (or fp32), whatever device made Q, K
// and V. Queries and keys may go into the scores in 8 bits, a scale a row: from operands of 8 bits they lose
// nothing to speak of, and scores take half the time.

#include <cstddef>
#include <cstdint>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"
#include "simd/packing.h"

namespace npuscribe {

class ThreadPool;

class SelfAttention {
  public:
    /// fp32 is exact; INT8 has scores in 8 bits if that is faster (simd::kernels().encoder_keys); all
    /// else is bfloat16. BFP16 too: with scores in 8 bits its word error rate rises by a fiftieth.
    SelfAttention(size_t max_ctx, size_t n_head, Precision precision, ThreadPool& pool);

    /// All three [n_ctx × n_head·64]; the result takes q's place.
    void run(MatrixView<float> q, MatrixView<const float> k, MatrixView<const float> v);

  private:
    size_t n_head_;
    simd::Element element_;
    bool int8_scores_;
    ThreadPool& pool_;
    size_t head_bytes_;  // of packed keys, or of packed values
    Buffer<uint8_t> keys_;
    Buffer<uint8_t> values_;
    Buffer<float> scratch_;
    size_t scratch_size_;  // floats a worker
};

}  // namespace npuscribe
