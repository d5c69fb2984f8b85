#pragma once
// The NPU with the array programs that are installed on this machine: which program runs a shape, its
// hardware context and instructions, and the memory that the CPU and the array share.

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "device/array/array_plan.h"
#include "device/npu/npu_programs.h"
#include "device/npu/npu_queue.h"
#include "device/npu/xrt_backend.h"

namespace npuscribe {

/// An installed program after it has been opened: one hardware context, and the instructions of the shapes
/// used so far.
struct NpuOpenProgram {
    const NpuProgram* installed = nullptr;
    const array::Program* planned = nullptr;
    std::unique_ptr<xrt_backend::Context> context;
    std::map<std::tuple<size_t, size_t, size_t, array::Result>, std::unique_ptr<xrt_backend::Program>>
        instructions;
};

/// Memory of the NPU. After a failure it is never freed, because the array may still write to it.
struct NpuBufferRelease {
    const NpuQueue* queue = nullptr;
    void operator()(xrt_backend::Buffer* buffer) const {
        if (!queue->lost()) delete buffer;
    }
};
using NpuBuffer = std::unique_ptr<xrt_backend::Buffer, NpuBufferRelease>;

/// Whether one of `programs` can run weights [n × k] in BFP16.
bool has_program(const NpuPrograms& programs, const array::Plan& plan, size_t k, size_t n);

class NpuArray {
  public:
    /// Opens device `index`. Throws DeviceError if there are no programs or the device cannot be opened.
    NpuArray(xrt_backend::Backend& backend, unsigned index, NpuPrograms programs,
             std::chrono::milliseconds limit);
    ~NpuArray();

    /// How A [rows × k] is cut up, and the program that reads it. Both are the same for all weights of this
    /// k. Throws DeviceError, naming `what`, if that program is not installed.
    struct Rows {
        NpuOpenProgram* program = nullptr;
        std::vector<size_t> counts;  // numbers of padded rows with instructions, ascending; not empty
        size_t longest() const { return counts.back(); }
        /// The smallest count that holds `rows`, which must not exceed `longest()`.
        size_t padded(size_t rows) const;
    };
    const Rows& rows_for(size_t k, const std::string& what);

    /// The matmul with weights [n × k] for `padded_rows` rows. Throws DeviceError, naming `what`, if there
    /// are no instructions for it.
    array::Gemm gemm(size_t padded_rows, size_t k, size_t n, array::Result result,
                     const std::string& what) const;
    /// The same, or nothing.
    std::optional<array::Gemm> find(size_t padded_rows, size_t k, size_t n, array::Result result) const;
    /// The layout of weights [n × k], whatever result their product has. Throws DeviceError, naming `what`,
    /// if no instructions are installed for them.
    array::Gemm any_gemm(size_t k, size_t n, const std::string& what);

    /// The instructions of one call, checked against the manifest when they are first loaded. `gemm.program`
    /// must be `program.planned`.
    xrt_backend::Program& instructions(NpuOpenProgram& program, const array::Gemm& gemm);

    /// `bytes` of zeros for an argument of `program`.
    NpuBuffer allocate(NpuOpenProgram& program, xrt_backend::Argument, size_t bytes, const std::string& what);

    const array::Plan& plan() const { return plan_; }
    NpuQueue& queue() { return queue_; }
    xrt_backend::XrtDevice& device() { return *device_; }

  private:
    array::Gemm padded(size_t padded_rows, size_t k, size_t n, array::Result result) const;
    NpuOpenProgram& open(const array::Program& planned, const std::string& what);
    [[noreturn]] void no_xclbin(const std::string& what) const;

    const array::Plan& plan_;
    NpuPrograms programs_;
    NpuQueue queue_;
    std::unique_ptr<xrt_backend::XrtDevice> device_;
    std::map<std::string, NpuOpenProgram> open_;
    std::map<size_t, Rows> rows_;  // by k
};

}  // namespace npuscribe
