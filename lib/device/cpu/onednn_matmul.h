#pragma once
// y = x·Wᵀ + b through oneDNN, one thread a call. W is reordered once, into the layout that oneDNN prefers.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/matrix_view.h"

namespace npuscribe {

class ThreadPool;

/// One weight matrix. `prepare` sets up a shape, which any number of workers may then `execute` at once.
class OneDnnMatmul {
  public:
    /// `weight` [n × k]: bfloat16 bits.
    OneDnnMatmul(MatrixView<const uint16_t> weight, std::span<const float> bias, size_t workers);
    /// Writes rows [first, first + out.rows) of W, bfloat16 bits, into `out`. The pool's workers call it.
    using Bf16Rows = std::function<void(size_t first, MatrixView<uint16_t> out)>;

    /// `weight` [n × k]: bfloat16. Each worker makes pieces of it and packs them while they are in its cache.
    OneDnnMatmul(size_t n, size_t k, const Bf16Rows& weight, std::span<const float> bias, ThreadPool& pool);
    /// `weight` [n × k]: f32.
    OneDnnMatmul(MatrixView<const float> weight, std::span<const float> bias, size_t workers);
    ~OneDnnMatmul();
    OneDnnMatmul(OneDnnMatmul&&) noexcept;

    size_t n() const;
    size_t k() const;

    /// Makes the primitive for m rows whose results are `y_stride` floats apart, unless it exists. Not
    /// thread-safe.
    void prepare(size_t m, size_t y_stride, bool accumulate);
    /// `x` [m × k], dense, of the weight's type; `y` [m × n] f32, which the product is added
    /// to if `accumulate`.
    void execute(const void* x, size_t m, float* y, size_t y_stride, bool accumulate, size_t worker) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
