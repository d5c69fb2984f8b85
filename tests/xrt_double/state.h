#pragma once
// What the double keeps behind XRT's handles. One lock guards all of it: the double is for finding mistakes,
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
#include <string>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "container.h"
#include "device/array/array_plan.h"

namespace npuscribe::xrt_double {

/// What goes wrong, of NPUSCRIBE_XRT_DOUBLE_FAULT=KIND[:N]; N counts buffers or runs from 1.
struct Fault {
    std::string kind;
    uint64_t at = 1;
};
const Fault& fault();
/// True where `kind` is the fault that is set.
bool fault_is(const std::string& kind);

/// What a submission takes at the least, of NPUSCRIBE_XRT_DOUBLE_LATENCY=MILLISECONDS: its thread sleeps, and
/// the CPU is free, as beside an NPU.
std::chrono::microseconds latency();

/// What has happened so far; written to NPUSCRIBE_XRT_DOUBLE_LOG when the process ends, as name=value lines.
struct Counters {
    std::atomic<uint64_t> devices_open{0}, contexts_open{0}, buffers_open{0};  // now
    std::atomic<uint64_t> contexts{0}, buffers{0}, runs{0}, runlists{0}, longest_runlist{0};
    std::atomic<uint64_t> bytes_to_device{0}, bytes_from_device{0};
    std::atomic<uint64_t> violations{0};
};
Counters& counters();

std::mutex& lock();

/// While set, no run gets done: for tests of what may not be touched meanwhile.
std::atomic<bool>& held();

/// The caller has broken a rule of XRT: counted, said on stderr, and thrown where one may throw.
[[noreturn]] void violation(const std::string& what);
void violation_in_destructor(const std::string& what) noexcept;

/// Banks differ by argument here, which on an NPU they do not: a buffer in the wrong place is then seen.
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
    /// False when the time is up first; 0 waits for ever. The caller holds the lock, by `held`.
    bool wait(const npuscribe::xrt_double::Command& command, std::chrono::milliseconds limit,
              std::unique_lock<std::mutex>& held);

    std::map<std::string, std::shared_ptr<xrt::xclbin_impl>> registered;  // by uuid
    bool lost = false;
    uint32_t next_slot = 0;

  private:
    void work();
    ert_cmd_state execute(xrt::run_impl& run);

    std::deque<std::shared_ptr<npuscribe::xrt_double::Command>> queue_;
    std::condition_variable changed_;
    bool stop_ = false;
    std::unique_ptr<npuscribe::ThreadPool> pool_;
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

/// Two copies of a buffer, for a missing sync to be seen: the host writes one, the array reads the other.
class bo_memory {
  public:
    bo_memory(size_t size, bo::flags flags, memory_group group);

    void to_device(size_t size, size_t offset);
    void from_device(size_t size, size_t offset);
    /// Whether the array has been given all of [0, size).
    bool given(size_t size) const;

    size_t size;
    bo::flags flags;
    memory_group group;
    std::unique_ptr<uint8_t, void (*)(void*)> host;
    std::vector<uint8_t> array;
    size_t in_flight = 0;
    size_t written = 0;  // bytes from the start that a run has written

  private:
    std::map<size_t, size_t> given_;  // start, end; disjoint
};

/// The handle's own: a run that is on its way keeps the memory, and sees that this is gone.
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

    /// What the arguments say, or a violation: they are complete, of the right kinds, sizes and banks.
    struct Job {
        npuscribe::array::Gemm gemm;
        std::shared_ptr<bo_memory> instructions, a, b, c;
    };
    Job job() const;
    void set(int index, const void* value, size_t bytes);
    void set(int index, const std::shared_ptr<bo_impl>& buffer);
    /// Counts the run as on its way: its buffers must stay, and must not be another's result.
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
    // A run does not keep its buffers alive in XRT's contract; that they do is for the caller to see to.
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
