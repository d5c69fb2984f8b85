#pragma once
// Work for the NPU. Calls that are submitted without a start or a wait in between go to the array as one
// runlist: FC1 and FC2 of a layer are one submission.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/stopwatch.h"
#include "device/npu/xrt_backend.h"

namespace npuscribe {

/// Throws a failure in XRT as a DeviceError that says what to do; `doing` completes "the NPU …".
[[noreturn]] void throw_npu_error(const xrt_backend::XrtError& error, const std::string& doing);

/// A run did not end within our limit, or within that of the driver or the firmware.
class NpuTimeout : public DeviceError {
  public:
    using DeviceError::DeviceError;
};

/// Calls that run together. All runs that wait for one of them share the batch.
class NpuBatch;

/// Not thread-safe. After the first failure the NPU counts as lost, and everything later fails with the same
/// message, because nobody knows what the array still writes to.
class NpuQueue {
  public:
    explicit NpuQueue(std::chrono::milliseconds limit) : limit_(limit) {}
    ~NpuQueue();

    /// Puts `call` at the end. `what` names it in errors: "encoder.blocks.0.attn.query". The call starts when
    /// it is started or waited for, or earlier if a call of another context follows or the runlist is full.
    std::shared_ptr<NpuBatch> add(xrt_backend::Context&, xrt_backend::Call&, const std::string& what);

    /// Starts `batch`, unless it has been started. Several may be in flight: the driver queues four commands
    /// of a context (HWCTX_MAX_CMDS in amdxdna) and runs them in order. Throws DeviceError.
    void start(const NpuBatch& batch);

    /// Starts `batch`, unless it has been started, and returns when it is done. Throws DeviceError if one of
    /// its calls failed, and NpuTimeout if one did not end in time, naming the calls and the seconds.
    void finish(NpuBatch& batch);

    /// Starts the calls that have been gathered.
    void flush();

    /// True after a failure. Memory that the array may still write to must then never be freed.
    bool lost() const { return !lost_.empty(); }
    /// Throws DeviceError after a failure.
    void check() const;
    /// Seconds in which a batch was in flight, until the host saw it complete. Batches that overlap count
    /// once.
    double seconds() const { return seconds_; }

  private:
    [[noreturn]] void lose(const std::string& why);

    std::chrono::milliseconds limit_;
    std::shared_ptr<NpuBatch> gathering_;
    std::string lost_;
    double seconds_ = 0;
    Stopwatch since_completion_;  // of the last batch that completed
};

}  // namespace npuscribe
