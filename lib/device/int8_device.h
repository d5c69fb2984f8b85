#pragma once
// A device that multiplies in INT8: activations are converted from BFP16 to INT8 (bfp16/int8.h) and
// multiplied as integers, and the INT32 sums are converted back to BFP16 and from there to f32. A back end
// does the integer matmul: oneDNN on the CPU, or the array's kernel in the emulator.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// One weight matrix in its back end's own layout. It must not outlive the back end.
class Int8Weights {
  public:
    virtual ~Int8Weights() = default;

    /// Takes rows [first, first + sums.rows) of x·Wᵀ, dense, while they are in the worker's cache.
    using Use = std::function<void(size_t first, MatrixView<const int32_t> sums, size_t worker)>;
    /// x [m × k] · Wᵀ, in blocks of rows. Calls `use` for each block, from any worker, and returns after the
    /// last call. Adds its own time and traffic to `stats`, but does not count the matmul.
    virtual void multiply(MatrixView<const int8_t> x, const Use& use, DeviceStats& stats) = 0;
};

class Int8Backend {
  public:
    virtual ~Int8Backend() = default;
    virtual DeviceInfo info() const = 0;
    /// `weight` [n × k]; n and k are multiples of 8.
    virtual std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight) = 0;
};

/// `options.precision` is int8 (one exponent for each row of x and each row of W) or int8_tensor (one for all
/// of x and one for all of W).
std::unique_ptr<Device> make_int8_device(const DeviceOptions&, ThreadPool&, std::unique_ptr<Int8Backend>);

}  // namespace npuscribe
