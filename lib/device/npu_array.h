#pragma once
// The NPU with the array programs that are installed on this machine: which of them runs a shape, its
// hardware context and instructions, and the memory that both sides see.

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "device/array_plan.h"
#include "device/npu_programs.h"
#include "device/npu_queue.h"
#include "device/xrt_backend.h"

namespace npuscribe {

/// An installed program, opened: one hardware context, the instructions of the shapes used so far.
struct NpuOpenProgram {
    const NpuProgram* installed = nullptr;
    const array::Program* planned = nullptr;
    std::unique_ptr<xrt_backend::Context> context;
    std::map<std::tuple<size_t, size_t, size_t>, std::unique_ptr<xrt_backend::Program>> instructions;
};

/// Memory of the NPU. After a failure it is kept until the process ends: the array may still write to it.
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
    /// Opens device `index`. Throws DeviceError with all that `probe_npu` finds missing where that cannot be
    /// done.
    NpuArray(xrt_backend::Backend& backend, unsigned index, NpuPrograms programs,
             std::chrono::milliseconds limit);
    ~NpuArray();

    /// The program for weights [n × k]: of those that have instructions for it, and read A as earlier weights
    /// of the same k do, the one that wastes least on padding. Throws DeviceError, naming `what`, where there
    /// is none.
    NpuOpenProgram& program_for(size_t k, size_t n, const std::string& what);

    /// How A [rows × k] is cut up: the same for all weights of this k.
    struct Rows {
        size_t tile_m = 0, tile_k = 0;
        std::vector<size_t> counts;  // padded rows that there are instructions for, ascending; not empty
        NpuOpenProgram* program = nullptr;  // one that reads it
        size_t longest() const { return counts.back(); }
        /// The smallest count that holds `rows`, which must not exceed `longest()`.
        size_t padded(size_t rows) const;
    };
    const Rows& rows_for(size_t k, const std::string& what);

    /// Instructions of one call, checked against the manifest and loaded once. `gemm.program` is
    /// `program.planned`.
    xrt_backend::Program& instructions(NpuOpenProgram& program, const array::Gemm& gemm);

    /// `bytes` of zeros for an argument of `program`.
    NpuBuffer allocate(NpuOpenProgram& program, xrt_backend::Argument, size_t bytes, const std::string& what);

    const array::Plan& plan() const { return plan_; }
    NpuQueue& queue() { return queue_; }
    xrt_backend::XrtDevice& device() { return *device_; }

  private:
    const array::Program& planned(const NpuProgram&) const;
    NpuOpenProgram& open(const NpuProgram&, const std::string& what);
    const Rows& cut_rows(size_t k, NpuOpenProgram&);
    /// Null where none will do; n 0 stands for any.
    const NpuProgram* choose(size_t k, size_t n) const;

    const array::Plan& plan_;
    NpuPrograms programs_;
    NpuQueue queue_;
    std::unique_ptr<xrt_backend::XrtDevice> device_;
    std::map<std::string, NpuOpenProgram> open_;
    std::map<size_t, Rows> rows_;  // by k
};

}  // namespace npuscribe
