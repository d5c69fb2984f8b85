#pragma once
// x·Wᵀ on 8-bit integers, exact, for CPUs without VNNI: both are widened to 16 bits, and vpmaddwd adds the
// products of two pairs. It takes 4 instructions for 32 products, as vpmaddubsw does, which would need each
// weight's sign changed for each row and whose sums of two products of -128 saturate. Call these only if
// isa() >= Isa::avx2; on other architectures than x86-64 they throw DeviceError.

#include <cstddef>
#include <cstdint>

#include "base/buffer.h"
#include "base/matrix_view.h"

namespace npuscribe::simd {

/// Weights [n × k] as [n/16][k/4][16][4] bytes; rows past n are zero. k is a multiple of 8.
class Int8Panels {
  public:
    explicit Int8Panels(MatrixView<const int8_t> weights);

    size_t n() const { return n_; }
    size_t k() const { return k_; }
    const int8_t* data() const { return bytes_.data(); }

  private:
    size_t n_, k_;
    Buffer<int8_t> bytes_;
};

/// Numbers of scratch that multiply_int8 needs for m rows of k columns.
constexpr size_t int8_matmul_scratch(size_t m, size_t k) {
    return m * k;
}

/// sums [m × n] = x [m × k] · Wᵀ. The sums must fit: k is below 2^17. n is a multiple of 8.
void multiply_int8(MatrixView<const int8_t> x, const Int8Panels& weights, MatrixView<int32_t> sums,
                   int16_t* scratch);

}  // namespace npuscribe::simd
