#pragma once
// softmax(Q·Kᵀ/8)·V over all frames and heads, on the CPU in bfloat16 or fp32, whatever device computed Q, K
// and V. Scores may be computed from 8-bit queries and keys with one scale a row: that takes half the time,
// and loses hardly anything if Q and K come from 8-bit operands.

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
    /// fp32 is exact. INT8 has 8-bit scores if those are faster (simd::kernels().encoder_keys). All other
    /// precisions have bfloat16 scores, BFP16 included: with 8-bit scores its word error rate rises by 2 %.
    SelfAttention(size_t max_ctx, size_t n_head, Precision precision, ThreadPool& pool);

    /// All three are [n_ctx × n_head·64]; the result replaces q. Of `pieces` that have about the same number
    /// of heads, does the one with index `piece`. Nothing is kept from one call to the next, so that windows
    /// may take turns.
    void run(MatrixView<float> q, MatrixView<const float> k, MatrixView<const float> v, size_t piece = 0,
             size_t pieces = 1);

    size_t heads() const { return n_head_; }

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
