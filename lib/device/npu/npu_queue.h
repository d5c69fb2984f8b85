#pragma once
// Work on its way to the NPU. Calls that are submitted one after the other, with nothing waited for in
// between, go to the array as one runlist: Q, K and V of a layer are one submission.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "device/npu/xrt_backend.h"

namespace npuscribe {

/// The DeviceError that a failure in XRT becomes; `doing` completes "the NPU …".
[[noreturn]] void throw_npu_error(const xrt_backend::XrtError& error, const std::string& doing);

/// Calls that run together. Shared by those who wait for them.
class NpuBatch;

/// Not thread-safe. After the first failure the NPU counts as lost: everything later fails with the same
/// message, for no one knows what the array still writes to.
class NpuQueue {
  public:
    explicit NpuQueue(std::chrono::milliseconds limit) : limit_(limit) {}
    ~NpuQueue();

    /// Puts `call` at the end. `what` names it in errors: "encoder.blocks.0.attn.query". The call starts with
    /// the first wait for it, or before: when a call of another context follows, or a runlist is full.
    std::shared_ptr<NpuBatch> add(xrt_backend::Context&, xrt_backend::Call&, const std::string& what);

    /// Starts `batch` where it has not been, and returns when it is done. Throws DeviceError where a call of
    /// it failed or did not end within the limit, naming the calls and the seconds.
    void finish(NpuBatch& batch);

    /// Starts what has been gathered.
    void flush();

    /// True after a failure: what the array may still write to must then outlive the process.
    bool lost() const { return !lost_.empty(); }
    /// Throws DeviceError after a failure.
    void check() const;
    /// Seconds from submission to completion, summed.
    double seconds() const { return seconds_; }

  private:
    [[noreturn]] void lose(const std::string& why);

    std::chrono::milliseconds limit_;
    std::shared_ptr<NpuBatch> gathering_;
    std::string lost_;
    double seconds_ = 0;
};

}  // namespace npuscribe
