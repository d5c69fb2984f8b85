#pragma once
// One interface for three devices: cpu, npu (XRT) and emulated (the AIE2P array). A device multiplies; it is
// made for one precision, holds the weights it was given, and never hands work to another device in silence.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe {

class ThreadPool;

/// Numerics of a linear layer's two operands. Accumulation is always fp32 (int32 for the INT8 kinds).
enum class Precision {
    bfp16,        // BFP16 blocks, both operands: the native format of the NPU, and the default
    bf16,         // bfloat16, both operands
    fp32,         // reference
    int8,         // Track 1, one scale a row of x and a row of W
    int8_tensor,  // Track 1 as the study had it, one scale a tensor
};
std::string_view name(Precision);
/// Throws UsageError, naming the choices.
Precision parse_precision(std::string_view);

struct DeviceInfo {
    std::string name;         // "cpu", "npu", "emulated"
    std::string description;  // "AMD EPYC 9R14, AVX-512 BF16, oneDNN 2.6.3", for people
    Precision precision = Precision::bfp16;
    std::string numerics;         // how that precision is carried out: "bfp16 as native bf16", "bfp16 as f32"
    bool modelled_times = false;  // true: device seconds come from a model, and are printed as modelled
    bool asynchronous =
        false;  // true: submit() returns before the work is done, and the CPU is free meanwhile
};

/// y = x·Wᵀ + b. `weight` is [n × k], row-major f32, as Whisper's checkpoints have it; `bias` has n values or
/// none.
struct LinearWeights {
    MatrixView<const float> weight;
    std::span<const float> bias;
    std::string name;  // "encoder.blocks.3.mlp.0", for errors
};

/// The same from a file that holds W in BFP16: `panels` are those of n rows (bfp16/panels.h), k a multiple of
/// 8. Nobody has looked at the exponents yet. They must stay where they are as long as the linear lives,
/// where the device keeps_blocks().
struct BlockWeights {
    std::span<const uint8_t> panels;
    size_t n = 0;
    size_t k = 0;
    std::span<const float> bias;
    std::string name;
};

/// (x − mean) / sqrt(variance + 1e-5) · weight + bias over each row.
struct LayerNorm {
    std::span<const float> weight;
    std::span<const float> bias;
};

/// What happens to x·Wᵀ + b before it is stored.
enum class Epilogue {
    none,
    gelu,          // erf form, as Whisper has it
    add_residual,  // y += x·Wᵀ + b
};

/// The left operand of one or more linears, in the device's own format. Made once for the largest shape,
/// filled many times by the device that made it: no allocation in the loop. Q, K and V share one.
class Operand {
  public:
    virtual ~Operand() = default;
    size_t rows() const { return rows_; }
    size_t cols() const { return cols_; }

  protected:
    size_t rows_ = 0;
    size_t cols_ = 0;
};

/// Work that a device has accepted. Default-constructed: already done.
class Run {
  public:
    class State {
      public:
        virtual ~State() = default;
        /// Blocks until the result is in place; throws DeviceError where the device failed or timed out.
        /// Called once.
        virtual void wait() = 0;
    };

    Run() = default;
    explicit Run(std::unique_ptr<State> state) : state_(std::move(state)) {}
    /// Rethrows the device's error. A second call does nothing.
    void wait() {
        if (auto state = std::move(state_)) state->wait();
    }

  private:
    std::unique_ptr<State> state_;
};

/// A weight matrix resident on its device.
class Linear {
  public:
    virtual ~Linear() = default;
    virtual size_t n() const = 0;
    virtual size_t k() const = 0;

    /// y [m × n], f32. `x` and `y` must stay in place until the run has been waited for.
    virtual Run submit(const Operand& x, MatrixView<float> y, Epilogue) = 0;

    /// The same, the result becoming the left operand of another linear of this device. `y` must not be `x`.
    virtual Run submit(const Operand& x, Operand& y, Epilogue) = 0;
};

/// What a device has done since it was made. Seconds are wall-clock, or modelled where `DeviceInfo` says so.
struct DeviceStats {
    double prepare_seconds = 0;   // normalise, quantise, lay out
    double matmul_seconds = 0;    // the matmuls themselves; on an NPU from submission to completion
    double transfer_seconds = 0;  // to the device and back
    uint64_t bytes_to_device = 0;
    uint64_t bytes_from_device = 0;
    uint64_t matmuls = 0;
    uint64_t cycles = 0;  // emulated and npu only
};

/// Not thread-safe: one thread submits. Linears and operands must not outlive their device.
class Device {
  public:
    virtual ~Device() = default;
    virtual DeviceInfo info() const = 0;
    virtual DeviceStats stats() const = 0;

    /// Quantises, lays out and uploads, once. Throws ModelError for Inf or NaN weights, naming row and
    /// column, and DeviceError where the device has no program for this shape.
    virtual std::unique_ptr<Linear> load(const LinearWeights&) = 0;

    /// The same from blocks. A device that multiplies in BFP16 takes them as they are (their values quantised
    /// again would be others); the rest load the values. Throws ModelError too where an exponent is none that
    /// a weight has (simd::kLargestBlockExponent).
    virtual std::unique_ptr<Linear> load_blocks(const BlockWeights&);
    /// True where `load_blocks` makes no copy: the panels are then read at every product.
    virtual bool keeps_blocks() const { return false; }

    /// Room for a left operand of up to `max_rows` × `cols`.
    virtual std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) = 0;

    /// Normalises (where `norm` is given) and quantises `x` [m × k] into `out`, in one pass.
    /// Throws DeviceError for Inf or NaN, naming row and column.
    virtual void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) = 0;
};

struct DeviceOptions {
    Precision precision = Precision::bfp16;
    bfp16::Rounding rounding = bfp16::Rounding::nearest_even;
};

/// The CPU, in any precision, by the fastest way that it has. `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_device(const DeviceOptions&, ThreadPool& pool);

/// The same through oneDNN's matmuls of bfloat16 or f32, in bfp16, bf16 or fp32: what make_cpu_device takes
/// where the CPU has nothing better.
std::unique_ptr<Device> make_cpu_onednn_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
