#pragma once
// What npuscribe needs of XRT, without XRT's headers. The implementation is a shared object of its own
// (xrt_module/), which is loaded when an NPU is asked for, so that npuscribe runs on machines without XRT.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace npuscribe::xrt_backend {

/// Changes with every change of this file, because module and program must be built from the same one.
inline constexpr uint32_t kVersion = 5;
inline constexpr const char* kEntryPoint = "npuscribe_xrt_backend";
inline constexpr const char* kModuleFile = "libnpuscribe_xrt.so";

/// "2.25" of XRT's version codes, major << 16 | minor.
inline std::string version_text(unsigned code) {
    return std::to_string(code >> 16) + "." + std::to_string(code & 0xFFFFU);
}

/// Errors of XRT, classified by what the user can do about them.
enum class Failure {
    no_device,      // no such device, or it is gone
    access_denied,  // this user may not open the device node
    no_memory,      // a buffer was refused; a memlock limit looks like this (EAGAIN)
    bad_program,    // the file is not an xclbin, or not for this device
    failed_run,     // the array reported an error, or stopped answering
    timed_out,      // the driver or the firmware ended a run because it took too long
    other,
};

class XrtError : public std::runtime_error {
  public:
    XrtError(Failure failure, const std::string& what) : std::runtime_error(what), failure_(failure) {}
    Failure failure() const { return failure_; }

  private:
    Failure failure_;
};

/// As XRT and the driver name them; empty if they do not say.
struct Description {
    std::string name;     // "NPU Strix"
    std::string address;  // PCI, "0000:c5:00.1"
};

/// Kernel arguments as mlir-aie's designs have them: opcode, instructions, their count, then three buffers.
enum class Argument { a = 3, b = 4, c = 5 };

/// Memory that the host and the NPU both see. Released with the object.
class Buffer {
  public:
    virtual ~Buffer() = default;
    virtual std::span<uint8_t> bytes() = 0;
    /// Makes `size` bytes from `offset` on, which the host wrote, visible to the device; from_device does the
    /// reverse.
    virtual void to_device(size_t offset, size_t size) = 0;
    virtual void from_device(size_t offset, size_t size) = 0;
};

/// One call of a program, with its arguments bound. It may be submitted again after it has been waited for.
class Call {
  public:
    virtual ~Call() = default;
    virtual void bind(Argument, Buffer&) = 0;
};

/// Calls that have been submitted. If it is destroyed before it has been waited for, the driver keeps the
/// calls, and they are never reused.
class Submission {
  public:
    virtual ~Submission() = default;
    /// Returns false if `limit` passes first. Throws XrtError (failed_run) if a call did not complete.
    virtual bool wait(std::chrono::milliseconds limit) = 0;
};

/// The instructions of one shape, resident on the device.
class Program {
  public:
    virtual ~Program() = default;
    virtual std::unique_ptr<Call> make_call() = 0;
};

/// An xclbin on the array: its hardware context and kernel.
class Context {
  public:
    virtual ~Context() = default;
    virtual std::unique_ptr<Program> load(std::span<const uint32_t> instructions) = 0;
    virtual std::unique_ptr<Buffer> allocate(Argument, size_t bytes) = 0;
    /// Starts one call, or several in one runlist, in order. All must be of this context's programs.
    virtual std::unique_ptr<Submission> submit(std::span<Call* const> calls) = 0;
};

class XrtDevice {
  public:
    virtual ~XrtDevice() = default;
    virtual Description describe() = 0;
    /// The platform with its power mode as JSON, in XRT's own form; empty if the driver does not report it.
    virtual std::string platform() = 0;
    /// `kernel_prefix` is the start of the kernel's name; mlir-aie names it MLIR_AIE or MLIR_AIE_0.
    virtual std::unique_ptr<Context> open(const std::string& xclbin_path,
                                          const std::string& kernel_prefix) = 0;
};

class Backend {
  public:
    virtual ~Backend() = default;
    /// "2.25": the version of the library in this process, and of the headers that the module was built with.
    virtual std::string running_version() = 0;
    virtual std::string built_version() = 0;
    virtual unsigned count_devices() = 0;
    /// The name of the kernel in an xclbin that starts with `prefix`; needs no device.
    virtual std::string find_kernel(const std::string& xclbin_path, const std::string& prefix) = 0;
    virtual std::unique_ptr<XrtDevice> open_device(unsigned index) = 0;
};

/// The type of the entry point, a C symbol. It returns null if `version` is not the module's own.
using EntryPoint = Backend* (*)(uint32_t version);

}  // namespace npuscribe::xrt_backend
