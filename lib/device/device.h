#pragma once
// One interface for three devices: cpu, npu (through XRT) and emulated (the NPU's array, on this CPU). A
// device multiplies matrices. It is made for one precision, keeps the weights that it loaded, and never
// passes work on to another device.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/matrix_view.h"
#include "bfp16/block.h"
#include "device/precision.h"

namespace npuscribe {

class Device;

// The devices' names, as --device takes them.
inline constexpr std::string_view kCpuDevice = "cpu";
inline constexpr std::string_view kNpuDevice = "npu";
inline constexpr std::string_view kEmulatedDevice = "emulated";

struct DeviceInfo {
    std::string name;         // one of device_names() (choose.h)
    std::string description;  // "AMD EPYC 9R14, AVX-512 BF16, oneDNN 2.6.3", for people
    Precision precision = Precision::bfp16;
    std::string numerics;         // how that precision is computed: "bfp16 as native bf16", "bfp16 as f32"
    bool modelled_times = false;  // true: times in DeviceStats come from a model and are printed as modelled
    bool asynchronous = false;    // true: submit() returns early, and the CPU is free until wait(); several
                                  // runs may be in flight, and the device does them in order
    bool joins_linears = false;   // true: one product with the rows of several weights, as of Q, K and V,
                                  // takes less time than a product for each
};

/// What a device may round the sums of a product to before it hands them over as a matrix. Only the array
/// does (npu and emulated): its results then take half the memory traffic.
enum class Sums { f32, bf16 };

/// y = x·Wᵀ + b.
struct LinearWeights {
    MatrixView<const float> weight;  // [n × k], row-major f32, as in Whisper's checkpoints
    std::span<const float> bias;     // n values, or none
    std::string name;                // "encoder.blocks.3.mlp.0", for errors
    Sums sums = Sums::f32;
};

/// The same weights from a file that stores W in BFP16. The exponents have not been checked yet. If the
/// device keeps_blocks(), `panels` must stay in place as long as the Linear lives.
struct BlockWeights {
    std::span<const uint8_t> panels;  // of n rows (bfp16/panels.h)
    size_t n = 0;
    size_t k = 0;  // a multiple of 8
    std::span<const float> bias;
    std::string name;
    Sums sums = Sums::f32;
};

/// (x − mean) / sqrt(variance + 1e-5) · weight + bias over each row.
struct LayerNorm {
    std::span<const float> weight;
    std::span<const float> bias;
};

/// What is done with x·Wᵀ + b before it is stored.
enum class Epilogue {
    none,
    gelu,          // the erf form, as in Whisper
    add_residual,  // y += x·Wᵀ + b
};

/// The left operand of one or more linears, in its device's own format. It is made once, for the largest
/// shape, and filled many times, so that the loop over windows allocates nothing. Q, K and V share one
/// operand.
class Operand {
  public:
    virtual ~Operand() = default;
    size_t rows() const { return rows_; }
    size_t cols() const { return cols_; }
    /// The device that made it; no other takes it.
    const Device& device() const { return device_; }

  protected:
    Operand(const Device& device, size_t cols) : cols_(cols), device_(device) {}

    size_t rows_ = 0;
    size_t cols_ = 0;

  private:
    const Device& device_;
};

/// Work that a device has accepted. A default-constructed Run is already done.
class Run {
  public:
    class State {
      public:
        virtual ~State() = default;
        /// Begins, if the device has put the work off to send more with it. Throws DeviceError if it cannot.
        virtual void start() {}
        /// Blocks until the result is in place; throws DeviceError if the device failed or timed out. Called
        /// at most once.
        virtual void wait() = 0;
    };

    Run() = default;
    explicit Run(std::unique_ptr<State> state) : state_(std::move(state)) {}
    /// A device may put work off until somebody waits for it, so that what is submitted next goes with it.
    /// This starts the run now, and all that was submitted before it.
    void start() {
        if (state_) state_->start();
    }
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

    /// y [m × n], f32. `x` and `y` must stay in place until the run has been waited for. Throws DeviceError
    /// if the shapes do not fit or another device made `x`.
    virtual Run submit(const Operand& x, MatrixView<float> y, Epilogue) = 0;

    /// The same, but the result becomes the left operand of another linear of this device. `y` must not be
    /// `x`.
    virtual Run submit(const Operand& x, Operand& y, Epilogue) = 0;
};

/// Two linears with GELU between them, as in Whisper's MLP.
class FeedForward {
  public:
    virtual ~FeedForward() = default;

    /// y += second(gelu(first(x))), y [m × second's n], f32. `inner` is an operand of first's n columns and
    /// has room for m rows; what it holds afterwards is the device's own affair. All three must stay in place
    /// until the run has been waited for. Throws DeviceError if the shapes do not fit or another device made
    /// `x` or `inner`.
    virtual Run submit(const Operand& x, Operand& inner, MatrixView<float> y) = 0;
};

/// What a device has done since it was made. Seconds are wall-clock, or modelled if `DeviceInfo` says so.
struct DeviceStats {
    double prepare_seconds = 0;   // normalise, quantise, lay out
    double matmul_seconds = 0;    // the matmuls themselves; on an NPU the time with a run in flight
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

    /// Quantises, lays out and uploads the weights, once. Throws ModelError if they hold Inf, NaN or
    /// too large a value (naming row and column) or do not fit their bias, and DeviceError if the device has
    /// no program for this shape.
    virtual std::unique_ptr<Linear> load(const LinearWeights&) = 0;

    /// The same for blocks. A device that multiplies in BFP16 uses the blocks unchanged, because quantising
    /// their values again could give others; the other devices load the values. Also throws ModelError if an
    /// exponent is too large (simd::kLargestBlockExponent).
    virtual std::unique_ptr<Linear> load_blocks(const BlockWeights&);
    /// True if `load_blocks` makes no copy: every product then reads the caller's panels.
    virtual bool keeps_blocks() const { return false; }

    /// Both linears, which this device loaded, in one. A device that can runs them without the host between
    /// them, where GELU and rounding are its own (nearest even); the others run one after the other.
    ///
    /// How far two devices may be apart in BFP16. Write h for GELU of the first product, which is the same
    /// sum on both but for f32's rounding, and E for what their GELUs differ by: |E| ≤ min(6.7e-4,
    /// 0.013·t·Φ(−t)) with t = |x| (kernels/aie2p/gelu.h), for an array's is x·Φ(x) but for an error in
    /// t·Φ(−t). Both round h to the steps s of a block. Rounding moves with what it rounds: Q(h + E) − Q(h)
    /// is a multiple of s, E on average over h's places within a step, with a variance of at most p·(1 −
    /// p)·s², p = |E|/s, which is at most min(|E|·s, s²/4); it is at most s² if E may move the block's
    /// exponent. The second product, of weights W, adds these up: the part that is E is at most ‖W‖₂·‖E‖; the
    /// rest, whose signs are independent, has the variance Σ ‖W's column i‖²·var(i). So ‖y − y'‖ ≤ ‖W‖₂·‖E‖ +
    /// 4·sqrt of that sum (tests/unit/device/chain_bound.h), 1 % more for the rounding of W, and the rounding
    /// of sums to f32.
    virtual std::unique_ptr<FeedForward> chain(std::unique_ptr<Linear> first, std::unique_ptr<Linear> second);

    /// Room for a left operand of up to `max_rows` × `cols`.
    virtual std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) = 0;

    /// Normalises `x` [m × k] (unless `norm` is null) and quantises it into `out`, in one pass. Throws
    /// DeviceError if `x` does not fit `out` or holds Inf or NaN, naming row and column.
    virtual void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) = 0;
};

struct DeviceOptions {
    Precision precision = Precision::bfp16;
    bfp16::Rounding rounding = bfp16::Rounding::nearest_even;
};

}  // namespace npuscribe
