#pragma once
// The objects behind XRT's handles. One lock guards all of them, because the double is for finding mistakes,
// not for speed.

#include <xrt/experimental/xrt_kernel.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "container.h"
#include "device/array/array_plan.h"

namespace npuscribe::xrt_double {

/// The fault that NPUSCRIBE_XRT_DOUBLE_FAULT=KIND[:N] or KIND:KxN selects. A single N counts buffers or runs
/// from 1; K x N are the weights' padded sizes.
struct Fault {
    std::string kind;
    uint64_t at = 1;
    size_t k = 0, n = 0;
};
const Fault& fault();
/// True if `kind` is the selected fault.
bool fault_is(const std::string& kind);

/// Whether the fault, if it is one of the array's, keeps this run from writing its result, or from ending.
/// `index` is the run's place in its runlist, from 0, and `number` counts all runs from 1.
enum class Fate { runs, writes_nothing, never_ends };
Fate fate(uint64_t number, size_t index, const array::Gemm& gemm, size_t previous_k_tiles);
/// The operand that the cores read, if it is not the one they should: nothing without such a fault.
std::optional<std::vector<uint8_t>> other_operand(const array::Gemm& gemm, std::span<const uint8_t> a,
                                                  size_t previous_k_tiles);
/// Changes the result of run `number` as the fault says.
void spoil(uint64_t number, const array::Gemm& gemm, std::span<uint8_t> c);

/// The least time that a submission takes (NPUSCRIBE_XRT_DOUBLE_LATENCY=MILLISECONDS). Its thread sleeps, so
/// that the CPU is free, as with an NPU.
std::chrono::microseconds latency();

/// Counts of what has happened. When the process ends, they are written to NPUSCRIBE_XRT_DOUBLE_LOG as
/// name=value lines.
struct Counters {
    std::atomic<uint64_t> devices_open{0}, contexts_open{0}, buffers_open{0};  // now
    std::atomic<uint64_t> contexts{0}, buffers{0}, runs{0}, runlists{0}, longest_runlist{0};
    std::atomic<uint64_t> submissions{0}, waits{0};  // of runs by themselves and of runlists
    std::atomic<uint64_t> most_in_flight{0};         // submissions that were not waited for yet, at most
    std::atomic<uint64_t> bytes_to_device{0}, bytes_from_device{0};
    std::atomic<uint64_t> violations{0};
};
Counters& counters();
/// Counts a submission. The caller holds the lock.
void count_submission();

std::mutex& lock();

/// While this is set, no run completes, so that tests can touch what they must not touch.
std::atomic<bool>& held();

/// Reports that the caller has broken a rule of XRT: counts it, prints it on stderr, and, outside
/// destructors, throws it.
[[noreturn]] void violation(const std::string& what);
void violation_in_destructor(const std::string& what) noexcept;

/// Every argument has a memory bank of its own, so that a buffer in the wrong place is noticed. On an NPU
/// they share one.
constexpr int bank_of(int argument) {
    return 10 + argument;
}
constexpr int argument_of(xrt::memory_group group) {
    return static_cast<int>(group & 0xFFFFU) - 10;
}

/// Calls that were submitted together.
struct Command {
    std::vector<std::shared_ptr<xrt::run_impl>> runs;
    ert_cmd_state state = ERT_CMD_STATE_SUBMITTED;
    size_t failed = 0;  // index of the first run that failed
};

}  // namespace npuscribe::xrt_double

namespace xrt_core {

class device {
  public:
    device();
    ~device();

    /// Throws ENODEV once the device is lost.
    void check() const;
    void submit(std::shared_ptr<npuscribe::xrt_double::Command> command);
    /// Returns false if `limit` passes first; 0 waits forever. The caller holds the lock through `held`.
    bool wait(const npuscribe::xrt_double::Command& command, std::chrono::milliseconds limit,
              std::unique_lock<std::mutex>& held);

    std::map<std::string, std::shared_ptr<xrt::xclbin_impl>> registered;  // by uuid
    bool lost = false;
    uint32_t next_slot = 0;

  private:
    void work();
    /// `index`: its place in the command.
    ert_cmd_state execute(xrt::run_impl& run, size_t index);

    std::deque<std::shared_ptr<npuscribe::xrt_double::Command>> queue_;
    std::condition_variable changed_;
    bool stop_ = false;
    std::unique_ptr<npuscribe::ThreadPool> pool_;
    std::map<std::string, size_t> k_tiles_;  // of the last run, by program
    std::thread worker_;
};

}  // namespace xrt_core

namespace xrt {

class xclbin_impl {
  public:
    std::string program;  // of kernels/plan.json
    uuid id;
};

class xclbin::kernel_impl {
  public:
    std::string name;
};

class hw_context_impl {
  public:
    hw_context_impl(std::shared_ptr<xrt_core::device> device, std::shared_ptr<xclbin_impl> xclbin);
    ~hw_context_impl();

    std::shared_ptr<xrt_core::device> device;
    std::shared_ptr<xclbin_impl> xclbin;
    uint32_t slot;
    size_t in_flight = 0;
};

class kernel_impl {
  public:
    std::shared_ptr<hw_context_impl> context;
    std::string name;
};

/// Two copies of a buffer, so that a missing sync is noticed: the host writes one, and the array reads the
/// other.
class bo_memory {
  public:
    bo_memory(size_t size, bo::flags flags, memory_group group);

    void to_device(size_t size, size_t offset);
    void from_device(size_t size, size_t offset);
    /// True if all of [0, size) has been synchronised to the array.
    bool given(size_t size) const;

    size_t size;
    bo::flags flags;
    memory_group group;
    std::unique_ptr<uint8_t, void (*)(void*)> host;
    std::vector<uint8_t> array;
    size_t in_flight = 0;
    size_t to_be_written = 0;  // bytes from the start that runs write which have begun
    size_t written = 0;        // bytes from the start that a run has written

  private:
    std::map<size_t, size_t> given_;  // start, end; disjoint
};

/// Belongs to the handle. A run in flight keeps the memory alive, and notices that the handle has gone.
class bo_impl {
  public:
    bo_impl(std::shared_ptr<xrt_core::device> device, std::shared_ptr<bo_memory> memory);
    ~bo_impl();

    std::shared_ptr<xrt_core::device> device;
    std::shared_ptr<bo_memory> memory;
};

class run_impl {
  public:
    explicit run_impl(std::shared_ptr<kernel_impl> of) : kernel(std::move(of)) {}

    /// The matmul that the arguments describe. Anything missing, or of the wrong kind, size or bank, is a
    /// violation.
    struct Job {
        npuscribe::array::Gemm gemm;
        std::shared_ptr<bo_memory> instructions, a, b, c;
    };
    Job job() const;
    void set(int index, const void* value, size_t bytes);
    void set(int index, const std::shared_ptr<bo_impl>& buffer);
    /// Marks the run as in flight: its buffers must stay, and must not be another run's result.
    void begin();
    void end();

    std::shared_ptr<kernel_impl> kernel;
    std::shared_ptr<npuscribe::xrt_double::Command> command;  // the last one it was in
    const runlist_impl* list = nullptr;
    bool running = false;
    Job current;  // while it runs

  private:
    static constexpr int kArguments = 6;
    std::optional<uint64_t> opcode_, count_;
    // By XRT's contract a run does not keep its buffers alive; its caller must.
    std::array<std::weak_ptr<bo_impl>, kArguments> buffers_;
};

class runlist_impl {
  public:
    explicit runlist_impl(std::shared_ptr<hw_context_impl> in) : context(std::move(in)) {}
    ~runlist_impl();

    std::shared_ptr<hw_context_impl> context;
    std::vector<std::shared_ptr<run_impl>> runs;
    std::shared_ptr<npuscribe::xrt_double::Command> command;  // while it executes
};

}  // namespace xrt
