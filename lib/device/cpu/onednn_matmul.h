#pragma once
// y = x·Wᵀ + b through oneDNN, one thread a call, W reordered once into the layout that oneDNN likes best.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/matrix_view.h"

namespace npuscribe {

class ThreadPool;

/// "2.6.3", the library this process runs with.
std::string onednn_version();
/// "AVX-512 BF16": the best instructions that oneDNN will use here. NPUSCRIBE_MAX_ISA caps them too.
std::string onednn_isa();
/// True where oneDNN multiplies bfloat16 natively here.
bool onednn_has_bf16();

/// One weight matrix. `prepare` sets up a shape; then any number of workers may `execute` it at once.
class OneDnnMatmul {
  public:
    /// `weight` [n × k]: bfloat16 bits.
    OneDnnMatmul(MatrixView<const uint16_t> weight, std::span<const float> bias, size_t workers);
    /// Writes rows [first, first + out.rows) of W, bfloat16 bits, into `out`; called from the pool's workers.
    using Bf16Rows = std::function<void(size_t first, MatrixView<uint16_t> out)>;

    /// `weight` [n × k]: bfloat16, made piece by piece and packed where it is made.
    OneDnnMatmul(size_t n, size_t k, const Bf16Rows& weight, std::span<const float> bias, ThreadPool& pool);
    /// `weight` [n × k]: f32.
    OneDnnMatmul(MatrixView<const float> weight, std::span<const float> bias, size_t workers);
    ~OneDnnMatmul();
    OneDnnMatmul(OneDnnMatmul&&) noexcept;

    size_t n() const;
    size_t k() const;

    /// Makes the primitive for m rows whose results are `y_stride` floats apart, if it is not there yet. Not
    /// thread-safe.
    void prepare(size_t m, size_t y_stride, bool accumulate);
    /// `x` [m × k], dense, of the weight's type; `y` [m × n] f32, added to where `accumulate`.
    void execute(const void* x, size_t m, float* y, size_t y_stride, bool accumulate, size_t worker) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
