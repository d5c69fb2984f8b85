#pragma once
// The left operand on the NPU: BFP16 tiles, which the CPU writes straight into memory that the array reads.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bfp16/layout.h"
#include "device/device.h"
#include "device/npu/npu_array.h"
#include "simd/rows/npu_prepare.h"

namespace npuscribe {

class ThreadPool;

/// What all operands and linears of one device use.
struct NpuShared {
    NpuArray& array;
    ThreadPool& pool;
    const Device& device;  // the device that owns them
    bfp16::Rounding rounding;
    DeviceStats stats;
    std::map<size_t, std::vector<NpuBuffer>> idle_results;  // by bytes

    NpuBuffer take_result(NpuOpenProgram& program, size_t bytes, const std::string& what);
    void give_back(NpuBuffer result);
};

/// A run whose result is not in place yet. A second call of `complete` does nothing.
class NpuPending {
  public:
    virtual ~NpuPending() = default;
    virtual void complete() = 0;
};

/// The first bad value that any worker has found.
class BadPlace {
  public:
    void note(const std::optional<simd::Place>& found);
    const std::optional<simd::Place>& place() const { return place_; }
    std::string describe() const;

  private:
    std::mutex mutex_;
    std::optional<simd::Place> place_;
};

class NpuOperand final : public Operand {
  public:
    /// Allocates nothing yet. Memory is taken when the operand is first filled: by then, weights have been
    /// loaded, which decide its tiles.
    NpuOperand(size_t max_rows, size_t cols, NpuShared& shared);
    ~NpuOperand() override;

    /// Rows [first, first + rows), for one call of the array. They lie at the start of `buffer`.
    struct Part {
        size_t first = 0;
        size_t rows = 0;
        xrt_backend::Buffer* buffer = nullptr;
    };
    std::vector<Part> parts() const;

    /// Normalises and quantises all of `x`. Throws DeviceError if `x` does not fit or holds a value that
    /// BFP16 cannot hold, naming row and column.
    void fill(MatrixView<const float> x, const LayerNorm* norm);

    /// The same in three steps, for results. `begin` sets the size, `fill_rows` may be called from any
    /// thread, and `finish` passes the memory to the array.
    void begin(size_t rows);
    /// `x` [m × cols] becomes rows [first, first + m), which lie in one row of tiles. Returns the first value
    /// that BFP16 cannot hold, or nothing.
    std::optional<simd::Place> fill_rows(size_t first, MatrixView<const float> x,
                                         const simd::RowPreparation& how);
    void finish();

    /// Sets the size, for the array to write all of it: the result of one call that the next one reads.
    void begin_on_array(size_t rows);

    NpuPending* pending = nullptr;  // the run that makes this operand, until it has been completed

  private:
    struct Chunk {
        size_t first = 0;
        bfp16::TileLayout layout;
        NpuBuffer buffer;
    };
    void allocate(xrt_backend::Argument argument);
    void begin(size_t rows, xrt_backend::Argument argument);

    NpuShared& shared_;
    size_t max_rows_;
    size_t longest_ = 0;  // rows in a chunk
    size_t tile_rows_ = 0;
    std::vector<Chunk> chunks_;
    xrt_backend::Argument argument_ = xrt_backend::Argument::a;  // that the chunks were allocated for
};

}  // namespace npuscribe
