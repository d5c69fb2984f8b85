#pragma once
// Track 1 as a device: activations go BFP16 → INT8, are multiplied as integers, and the INT32 sums go back to
// BFP16 and from there to f32. What multiplies is a backend: oneDNN on the CPU, or the array's kernel in
// emulation.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "device/device.h"

namespace npuscribe {

/// Weights in the backend's own layout.
class Int8Weights {
  public:
    virtual ~Int8Weights() = default;
};

class Int8Backend {
  public:
    virtual ~Int8Backend() = default;
    virtual DeviceInfo info() const = 0;

    /// `weight` [n × k]; n and k are multiples of 8.
    virtual std::unique_ptr<Int8Weights> load(MatrixView<const int8_t> weight, const std::string& name) = 0;
    /// Takes rows [first, first + sums.rows) of x·Wᵀ, dense, while they are in the worker's cache.
    using Use = std::function<void(size_t first, MatrixView<const int32_t> sums, size_t worker)>;
    /// x [m × k] · Wᵀ, in blocks of rows: `use` is called for each, by any worker, and all have been used on
    /// return. Adds its own time and traffic to `stats`, but not the matmul.
    virtual void multiply(const Int8Weights&, MatrixView<const int8_t> x, const Use& use,
                          DeviceStats& stats) = 0;
};

/// `options.precision` is int8, a common exponent a row of x and of W, or int8_tensor, one for all of x and
/// one for all of W.
std::unique_ptr<Device> make_int8_device(const DeviceOptions&, ThreadPool&, std::unique_ptr<Int8Backend>);

}  // namespace npuscribe
