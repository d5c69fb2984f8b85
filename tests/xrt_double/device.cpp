// Devices, xclbins and hardware contexts.

#include <xrt/experimental/xrt_system.h>
#include <xrt/experimental/xrt_version.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "device/emulated/emulated_array.h"
#include "state.h"

using namespace npuscribe::xrt_double;

namespace {

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error(error, std::system_category(), what);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("No such file '" + path + "'");  // XRT's own words
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The same for the same file, as with an xclbin.
xrt::uuid uuid_of(const std::string& bytes) {
    xuid_t id{};
    uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
    for (size_t i = 0; i < sizeof id; ++i) {
        for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3U;
        id[i] = static_cast<unsigned char>(hash >> 56);
    }
    return {id};
}

}  // namespace

namespace xrt_core {

device::device() {
    std::lock_guard held(lock());
    ++counters().devices_open;
}

device::~device() {
    {
        std::lock_guard held(lock());
        if (!queue_.empty()) violation_in_destructor("the device is closed while runs are in flight");
        --counters().devices_open;
        stop_ = true;
    }
    changed_.notify_all();
    if (!worker_.joinable()) return;
    if (worker_.get_id() == std::this_thread::get_id()) {  // the last run held the last reference
        worker_.detach();
    } else {
        worker_.join();
    }
}

void device::check() const {
    if (lost) fail(ENODEV, "the device is gone");
}

void device::submit(std::shared_ptr<npuscribe::xrt_double::Command> command) {
    check();
    queue_.push_back(std::move(command));
    if (!worker_.joinable()) worker_ = std::thread([this] { work(); });
    changed_.notify_all();
}

bool device::wait(const npuscribe::xrt_double::Command& command, std::chrono::milliseconds limit,
                  std::unique_lock<std::mutex>& held) {
    const auto done = [&] {
        return command.state >= ERT_CMD_STATE_COMPLETED && command.state != ERT_CMD_STATE_SUBMITTED;
    };
    if (limit.count() == 0) {
        changed_.wait(held, done);
        return true;
    }
    return changed_.wait_for(held, limit, done);
}

void device::work() {
    std::unique_lock held(lock());
    while (true) {
        changed_.wait(held, [&] { return stop_ || !queue_.empty(); });
        if (queue_.empty()) return;
        auto command = queue_.front();
        ert_cmd_state state = ERT_CMD_STATE_COMPLETED;
        const auto done = std::chrono::steady_clock::now() + npuscribe::xrt_double::latency();
        for (size_t i = 0; i < command->runs.size() && state == ERT_CMD_STATE_COMPLETED; ++i) {
            held.unlock();
            state = execute(*command->runs[i], i);
            held.lock();
            if (state == ERT_CMD_STATE_RUNNING) return;  // neither this nor anything after it ever ends
            if (state != ERT_CMD_STATE_COMPLETED) command->failed = i;
        }
        held.unlock();
        std::this_thread::sleep_until(done);
        held.lock();
        for (const auto& run : command->runs) run->end();
        // Runs refer to their command, so a completed command drops its runs.
        if (state == ERT_CMD_STATE_COMPLETED) command->runs.clear();
        queue_.pop_front();
        command->state = state;
        changed_.notify_all();
        held.unlock();
        command.reset();
        held.lock();
    }
}

ert_cmd_state device::execute(xrt::run_impl& run, size_t index) {
    while (npuscribe::xrt_double::held()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    uint64_t number = 0;
    {
        std::lock_guard held(lock());
        number = ++counters().runs;
        if (lost) return ERT_CMD_STATE_ABORT;
    }
    if (number >= fault().at) {
        if (fault_is("timeout")) return ERT_CMD_STATE_RUNNING;
        if (fault_is("failed-run")) return ERT_CMD_STATE_ERROR;
        if (fault_is("reset-run")) return ERT_CMD_STATE_TIMEOUT;
        if (fault_is("lost")) {
            std::lock_guard held(lock());
            lost = true;
            return ERT_CMD_STATE_ABORT;
        }
    }
    if (!pool_) pool_ = std::make_unique<npuscribe::ThreadPool>();
    const auto& job = run.current;
    const auto c = std::span(job.c->array).first(job.gemm.c_bytes());
    size_t& k_tiles = k_tiles_[job.gemm.program->name];
    const Fate fate = npuscribe::xrt_double::fate(number, index, job.gemm, k_tiles);
    if (fate == Fate::never_ends) return ERT_CMD_STATE_RUNNING;
    // The host has cleared memory that no run has written.
    if (fate == Fate::writes_nothing && job.c->written == 0) std::fill(c.begin(), c.end(), uint8_t{0});
    if (fate == Fate::runs) {
        std::span<const uint8_t> a = std::span(job.a->array).first(job.gemm.a_bytes());
        const auto other = other_operand(job.gemm, a, k_tiles);
        if (other) a = *other;
        npuscribe::array::run(npuscribe::array::Plan::built_in(), job.gemm, a,
                              std::span(job.b->array).first(job.gemm.b_bytes()), c, *pool_);
        spoil(number, job.gemm, c);
    }
    k_tiles = job.gemm.k_tiles();
    std::lock_guard held(lock());
    job.c->written = c.size();
    return ERT_CMD_STATE_COMPLETED;
}

}  // namespace xrt_core

namespace xrt {

// ---- device

device::device(unsigned int index) {
    if (index > 0 || fault_is("no-device")) {
        throw std::runtime_error(" No such device with index '" + std::to_string(index) +
                                 "'");  // XRT's own words
    }
    // What the driver's shim throws when the heap cannot be locked, and when the node cannot be opened.
    if (fault_is("memlock"))
        fail(EAGAIN, "mmap(addr=(nil), len=67108864, prot=3, flags=8193, offset=4294967296) failed");
    if (fault_is("denied")) fail(EACCES, "Failed to open /dev/accel/accel0");
    handle = std::make_shared<xrt_core::device>();
}

device::~device() = default;

uuid device::register_xclbin(const xclbin& given) {
    std::lock_guard held(lock());
    handle->check();
    const auto& impl = given.get_handle();
    handle->registered[impl->id.to_string()] = impl;
    return impl->id;
}

std::any device::get_info_std(info::device parameter, const detail::abi&) const {
    switch (parameter) {
        case info::device::name:
            return std::string("test double of XRT, no NPU");
        case info::device::bdf:
            return std::string("0000:00:00.0");
        case info::device::platform:  // the members that XRT writes for an NPU
            return std::string(
                R"({"platforms": [{"static_region": {"name": "test double of XRT, no NPU"}, "total_columns": "8",)"
                R"( "status": {"power_mode": "Default"}}]})");
        default:
            fail(ENOTSUP, "the double does not support this query");
    }
}

namespace system {
unsigned int enumerate_devices() {
    return fault_is("no-device") ? 0 : 1;
}
}  // namespace system

// ---- xclbin

xclbin::xclbin(const std::string& file) {
    const std::string bytes = read_file(file);
    const auto program = npuscribe::xrt_double::read_container(bytes);
    if (!program) throw std::runtime_error("Invalid xclbin");  // XRT's own words
    handle = std::make_shared<xclbin_impl>();
    handle->program = *program;
    handle->id = uuid_of(bytes);
}

std::vector<xclbin::kernel> xclbin::get_kernels() const {
    // mlir-aie's xclbins hold other kernels, too.
    std::vector<kernel> kernels;
    for (const char* name : {"vadd", "MLIR_AIE_0"}) {
        auto impl = std::make_shared<kernel_impl>();
        impl->name = name;
        kernels.emplace_back(std::move(impl));
    }
    return kernels;
}

std::string xclbin::kernel::get_name() const {
    return handle->name;
}

// ---- hw_context

hw_context_impl::hw_context_impl(std::shared_ptr<xrt_core::device> on, std::shared_ptr<xclbin_impl> with)
    : device(std::move(on)), xclbin(std::move(with)), slot(device->next_slot++) {
    ++counters().contexts;
    ++counters().contexts_open;
}

hw_context_impl::~hw_context_impl() {
    // Called from destructors with or without the lock, so it is only counted.
    if (in_flight != 0)
        violation_in_destructor("a hardware context is destroyed while its runs are in flight");
    --counters().contexts_open;
}

hw_context::hw_context(const device& device, const uuid& id, access_mode) {
    std::lock_guard held(lock());
    const auto on = device.get_handle();
    on->check();
    if (fault_is("refused-context")) fail(EINVAL, "No valid DPU kernel found in xclbin");
    const auto found = on->registered.find(id.to_string());
    if (found == on->registered.end()) violation("a hardware context for an xclbin that is not registered");
    handle = std::make_shared<hw_context_impl>(on, found->second);
}

hw_context::~hw_context() = default;

}  // namespace xrt

extern "C" unsigned int xrtVersionCode() {
    if (const char* version = std::getenv("NPUSCRIBE_XRT_DOUBLE_VERSION")) {
        unsigned major = 0, minor = 0;
        if (std::sscanf(version, "%u.%u", &major, &minor) == 2) return XRT_VERSION(major, minor);
    }
    return XRT_VERSION_CODE;
}
