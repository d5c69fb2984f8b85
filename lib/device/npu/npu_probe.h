#pragma once
// What of an NPU is there, and what is missing: from the PCI bus up to XRT. `npuscribe device list|info`
// prints it, and an error about a missing NPU says the same.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "device/npu/xrt_loader.h"

namespace npuscribe {

/// Each stands for one thing to put right. A kind is named where what to do differs.
enum class NpuProblem {
    no_module,         // npuscribe was built without XRT
    no_xrt,            // XRT is not installed
    old_xrt,           // XRT before 2.17
    foreign_module,    // the module is another build's
    no_xrt_driver,     // XRT without its part for NPUs (libxrt_driver_xdna)
    no_hardware,       // no NPU on the PCI bus
    first_generation,  // an XDNA1 NPU: no BFP16
    old_kernel,        // Linux before 6.14, and no amdxdna
    no_kernel_driver,  // amdxdna is not loaded
    no_device_node,    // no /dev/accel/accel*
    access_denied,     // a node that this user may not open
    memlock,           // RLIMIT_MEMLOCK too low for the weights
    not_enumerated,    // all of the above is there, and XRT still finds no device
    no_xclbin,         // no array program at all
};
std::string_view name(NpuProblem);

struct NpuFinding {
    NpuProblem problem;
    std::string text;  // one line: what is missing, and what to do
};

struct NpuHardware {
    std::string name;      // "NPU Strix"; empty where nothing told
    std::string address;   // "0000:c5:00.1"
    std::string driver;    // "amdxdna 2.25.0", or "amdxdna (Linux 6.14.0)" for the kernel's own
    std::string firmware;  // "1.0.0.166"
};

/// "NPU Strix at 0000:c5:00.1, amdxdna 2.21.0, firmware 1.0.0.166": what of it is known.
std::string describe(const NpuHardware&);

struct NpuStatus {
    std::vector<NpuFinding> problems;  // these stand in the way, the first to be put right first
    std::vector<NpuFinding> warnings;  // these may
    std::vector<NpuHardware> devices;  // as XRT counts them
    std::string xrt_version;           // "2.25", of the library loaded; empty without one
    std::filesystem::path module_path;
    std::filesystem::path xclbin_directory;
    size_t shapes = 0;  // matmuls that there are instructions for

    bool usable() const { return problems.empty(); }
    bool has(NpuProblem) const;
    /// "usable", or all problems in one line.
    std::string summary() const;
};

/// Where the facts are read. The defaults are this machine's; tests give a made-up one.
struct ProbeEnvironment {
    std::filesystem::path root = "/";        // of sys/, dev/ and proc/
    std::string kernel_release;              // uname -r; empty: this machine's
    uint64_t memlock_bytes = kThisProcess;   // of RLIMIT_MEMLOCK; kUnlimited: none
    bool may_lock_memory = false;            // CAP_IPC_LOCK, which lifts the limit
    const XrtLibrary* library = nullptr;     // null: xrt_library()
    std::filesystem::path xclbin_directory;  // empty: xclbin_directory()

    static constexpr uint64_t kThisProcess = ~uint64_t{0};
    static constexpr uint64_t kUnlimited = ~uint64_t{0} - 1;
};

/// Never throws for what is missing: that is its result.
NpuStatus probe_npu(const ProbeEnvironment& = {});

/// The limit on locked memory in words, with what to do; for errors in which a buffer was refused.
std::string memlock_advice(const ProbeEnvironment& = {});

}  // namespace npuscribe
