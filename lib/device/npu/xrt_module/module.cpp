// The NPU through XRT (2.17 or newer). No other file of npuscribe includes XRT's headers. It makes the same
// calls as mlir-aie's host programs: device, xclbin, register_xclbin, hw_context, kernel; an instruction
// buffer and three data buffers; kernel(3, instructions, their count, a, b, c).

#include <dlfcn.h>
#include <xrt/experimental/xrt_kernel.h>
#include <xrt/experimental/xrt_system.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

#include "device/npu/xrt_backend.h"

static_assert(XRT_VERSION_CODE >= XRT_VERSION(2, 17),
              "npuscribe needs XRT 2.17 or newer: xrt::runlist came with it");

namespace npuscribe::xrt_backend {
namespace {

// The arguments of mlir-aie's kernels: 0 is the opcode that runs a sequence of instructions (ERT_START_NPU's
// "transaction"), 1 the instructions, 2 their number of 32-bit words.
constexpr uint64_t kOpcode = 3;
constexpr int kOpcodeArgument = 0;
constexpr int kInstructionsArgument = 1;
constexpr int kCountArgument = 2;

Failure failure_of(const std::error_code& code) {
    switch (code.value()) {
        case ENODEV:
        case ENXIO:
            return Failure::no_device;
        case EACCES:
        case EPERM:
            return Failure::access_denied;
        case EAGAIN:
        case ENOMEM:
            return Failure::no_memory;
        case EIO:
        case ETIMEDOUT:
            return Failure::failed_run;
        default:
            return Failure::other;
    }
}

// XRT throws std::system_error if the driver returned an errno (with either sign), its own classes for failed
// runs, and std::runtime_error for everything else.
template <class F>
auto translated(Failure otherwise, F&& call) -> decltype(call()) {
    try {
        return call();
    } catch (const XrtError&) {
        throw;
    } catch (const std::system_error& error) {
        const std::error_code code(std::abs(error.code().value()), error.code().category());
        const Failure failure = failure_of(code);
        throw XrtError(failure == Failure::other ? otherwise : failure, error.what());
    } catch (const std::exception& error) {
        throw XrtError(otherwise, error.what());
    }
}

/// The numbers of the states are not in the order of a run's life: SUBMITTED is above COMPLETED.
bool has_ended(ert_cmd_state state) {
    return state >= ERT_CMD_STATE_COMPLETED && state != ERT_CMD_STATE_SUBMITTED;
}

const char* state_name(ert_cmd_state state) {
    switch (state) {
        case ERT_CMD_STATE_ERROR:
            return "error";
        case ERT_CMD_STATE_ABORT:
            return "aborted";
        case ERT_CMD_STATE_TIMEOUT:
            return "timed out on the array";
        case ERT_CMD_STATE_NORESPONSE:
            return "no response";
        case ERT_CMD_STATE_SKERROR:
        case ERT_CMD_STATE_SKCRASHED:
            return "crashed";
        default:
            return "not completed";
    }
}

[[noreturn]] void throw_end_of_run(ert_cmd_state state) {
    throw XrtError(state == ERT_CMD_STATE_TIMEOUT ? Failure::timed_out : Failure::failed_run,
                   std::string("the run ended as: ") + state_name(state));
}

class XrtBuffer final : public Buffer {
  public:
    XrtBuffer(const xrt::device& device, size_t bytes, xrt::bo::flags flags, int group)
        : bo(device, bytes, flags, static_cast<xrt::memory_group>(group)), data_(bo.map<uint8_t*>()) {}

    std::span<uint8_t> bytes() override { return {data_, bo.size()}; }
    void to_device(size_t offset, size_t size) override {
        translated(Failure::other, [&] { bo.sync(XCL_BO_SYNC_BO_TO_DEVICE, size, offset); });
    }
    void from_device(size_t offset, size_t size) override {
        translated(Failure::other, [&] { bo.sync(XCL_BO_SYNC_BO_FROM_DEVICE, size, offset); });
    }

    xrt::bo bo;

  private:
    uint8_t* data_;
};

class XrtCall final : public Call {
  public:
    XrtCall(const xrt::kernel& kernel, const xrt::bo& instructions, uint32_t count) : run(kernel) {
        run.set_arg(kOpcodeArgument, kOpcode);
        run.set_arg(kInstructionsArgument, instructions);
        run.set_arg(kCountArgument, count);
    }
    void bind(Argument argument, Buffer& buffer) override {
        translated(Failure::other,
                   [&] { run.set_arg(static_cast<int>(argument), static_cast<XrtBuffer&>(buffer).bo); });
    }

    xrt::run run;
};

class XrtProgram final : public Program {
  public:
    XrtProgram(const xrt::device& device, const xrt::kernel& kernel, std::span<const uint32_t> words)
        : kernel_(kernel),
          instructions_(device, words.size_bytes(), xrt::bo::flags::cacheable,
                        kernel.group_id(kInstructionsArgument)),
          count_(static_cast<uint32_t>(words.size())) {
        std::memcpy(instructions_.bytes().data(), words.data(), words.size_bytes());
        instructions_.bo.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    }
    std::unique_ptr<Call> make_call() override {
        return translated(Failure::other,
                          [&] { return std::make_unique<XrtCall>(kernel_, instructions_.bo, count_); });
    }

  private:
    xrt::kernel kernel_;
    XrtBuffer instructions_;
    uint32_t count_;
};

/// One call, started by itself.
class SingleCall final : public Submission {
  public:
    explicit SingleCall(xrt::run run) : run_(std::move(run)) {
        translated(Failure::failed_run, [&] { run_.start(); });
    }
    bool wait(std::chrono::milliseconds limit) override {
        const auto state = translated(Failure::failed_run, [&] { return run_.wait(limit); });
        if (state == ERT_CMD_STATE_COMPLETED) return true;
        // TIMEOUT means that this call timed out or that the array did. The run's own state tells which.
        if (state == ERT_CMD_STATE_TIMEOUT && !has_ended(run_.state())) return false;
        throw_end_of_run(state);
    }

  private:
    xrt::run run_;
};

/// Idle runlists. A runlist keeps its command buffers, so using it again is cheaper than making a new one.
class RunlistPool {
  public:
    explicit RunlistPool(xrt::hw_context context) : context_(std::move(context)) {}
    xrt::runlist take() {
        std::lock_guard lock(mutex_);
        if (idle_.empty()) return xrt::runlist(context_);
        xrt::runlist list = std::move(idle_.back());
        idle_.pop_back();
        return list;
    }
    void give_back(xrt::runlist list) {
        std::lock_guard lock(mutex_);
        idle_.push_back(std::move(list));
    }

  private:
    xrt::hw_context context_;
    std::mutex mutex_;
    std::vector<xrt::runlist> idle_;
};

/// Several calls, executed in order as one submission.
class RunlistCall final : public Submission {
  public:
    RunlistCall(std::shared_ptr<RunlistPool> pool, std::span<Call* const> calls) : pool_(std::move(pool)) {
        translated(Failure::failed_run, [&] {
            list_ = pool_->take();
            for (Call* call : calls) list_.add(static_cast<XrtCall*>(call)->run);
            list_.execute();
        });
    }
    bool wait(std::chrono::milliseconds limit) override {
        const auto status = translated(Failure::failed_run, [&] {
            try {
                return list_.wait(limit);
            } catch (const xrt::runlist::command_error& error) {
                if (error.get_command_state() == ERT_CMD_STATE_TIMEOUT)
                    throw XrtError(Failure::timed_out, error.what());
                throw;
            }
        });
        if (status == std::cv_status::timeout) return false;
        translated(Failure::failed_run, [&] { list_.reset(); });
        pool_->give_back(std::move(list_));
        return true;
    }

  private:
    std::shared_ptr<RunlistPool> pool_;
    xrt::runlist list_;
};

xrt::xclbin read_xclbin(const std::string& path) {
    return translated(Failure::bad_program, [&] { return xrt::xclbin(path); });
}

std::string kernel_in(const xrt::xclbin& xclbin, const std::string& prefix) {
    std::string others;
    for (const auto& kernel : translated(Failure::bad_program, [&] { return xclbin.get_kernels(); })) {
        const std::string name = kernel.get_name();
        if (name.starts_with(prefix)) return name;
        others += (others.empty() ? "" : ", ") + name;
    }
    throw XrtError(Failure::bad_program, "no kernel named " + prefix + "* in it, but: " +
                                             (others.empty() ? std::string("none") : others));
}

class XrtContext final : public Context {
  public:
    XrtContext(xrt::device device, const std::string& xclbin_path, const std::string& kernel_prefix)
        : device_(std::move(device)) {
        const auto xclbin = read_xclbin(xclbin_path);
        const std::string kernel_name = kernel_in(xclbin, kernel_prefix);
        translated(Failure::bad_program, [&] {
            const xrt::uuid id = device_.register_xclbin(xclbin);
            context_ = xrt::hw_context(device_, id);
            kernel_ = xrt::kernel(context_, kernel_name);
        });
        runlists_ = std::make_shared<RunlistPool>(context_);
    }

    std::unique_ptr<Program> load(std::span<const uint32_t> instructions) override {
        return translated(Failure::other,
                          [&] { return std::make_unique<XrtProgram>(device_, kernel_, instructions); });
    }
    std::unique_ptr<Buffer> allocate(Argument argument, size_t bytes) override {
        return translated(Failure::other, [&] {
            const int group = kernel_.group_id(static_cast<int>(argument));
            return std::make_unique<XrtBuffer>(device_, bytes, xrt::bo::flags::host_only, group);
        });
    }
    std::unique_ptr<Submission> submit(std::span<Call* const> calls) override {
        if (calls.size() == 1) return std::make_unique<SingleCall>(static_cast<XrtCall*>(calls.front())->run);
        return std::make_unique<RunlistCall>(runlists_, calls);
    }

  private:
    xrt::device device_;
    xrt::hw_context context_;
    xrt::kernel kernel_;
    std::shared_ptr<RunlistPool> runlists_;
};

class Device final : public XrtDevice {
  public:
    explicit Device(unsigned index)
        : device_(translated(Failure::no_device, [&] { return xrt::device(index); })) {}

    Description describe() override {
        Description description;
        description.name = text<xrt::info::device::name>();
        description.address = text<xrt::info::device::bdf>();
        return description;
    }
    std::string platform() override { return text<xrt::info::device::platform>(); }
    std::unique_ptr<Context> open(const std::string& xclbin_path, const std::string& kernel_prefix) override {
        return std::make_unique<XrtContext>(device_, xclbin_path, kernel_prefix);
    }

  private:
    // Left empty if the driver does not report it, because a missing name is no reason to fail.
    template <xrt::info::device parameter>
    std::string text() const {
        try {
            return device_.get_info<parameter>();
        } catch (const std::exception&) {
            return {};
        }
    }

    xrt::device device_;
};

class XrtLibrary final : public Backend {
  public:
    std::string running_version() override {
        // A C symbol of the library in this process. It is looked up by name because the oldest version that
        // we support lacks it.
        const auto code = reinterpret_cast<unsigned (*)()>(dlsym(RTLD_DEFAULT, "xrtVersionCode"));
        return code != nullptr ? version_text(code()) : built_version();
    }
    std::string built_version() override { return version_text(XRT_VERSION_CODE); }
    unsigned count_devices() override {
        return translated(Failure::other, [] { return xrt::system::enumerate_devices(); });
    }
    std::string find_kernel(const std::string& xclbin_path, const std::string& prefix) override {
        return kernel_in(read_xclbin(xclbin_path), prefix);
    }
    std::unique_ptr<XrtDevice> open_device(unsigned index) override {
        return std::make_unique<Device>(index);
    }
};

}  // namespace
}  // namespace npuscribe::xrt_backend

extern "C" __attribute__((visibility("default"))) npuscribe::xrt_backend::Backend* npuscribe_xrt_backend(
    uint32_t version) {
    static npuscribe::xrt_backend::XrtLibrary library;
    return version == npuscribe::xrt_backend::kVersion ? &library : nullptr;
}
