#pragma once
// Finds out what a usable NPU needs and this machine lacks, from the PCI bus up to XRT. `npuscribe device
// list` and `device info` print the result, and an error about a missing NPU contains it.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "device/npu/npu_pci.h"
#include "device/npu/xrt_loader.h"

namespace npuscribe {

/// Each stands for one thing to put right.
enum class NpuProblem {
    no_module,         // npuscribe was built without XRT
    no_xrt,            // XRT is not installed
    old_xrt,           // XRT before 2.17
    foreign_module,    // the module is another build's
    no_xrt_driver,     // XRT without its driver for NPUs (libxrt_driver_xdna)
    no_hardware,       // no NPU on the PCI bus
    first_generation,  // an XDNA1 NPU: no BFP16
    newer_generation,  // an NPU of a generation after XDNA2, or one that npuscribe does not know
    unknown_revision,  // an XDNA2 NPU of a revision that npuscribe does not know
    old_kernel,        // Linux before 6.14, which has no amdxdna
    no_kernel_driver,  // amdxdna is not loaded
    no_device_node,    // no /dev/accel/accel*
    access_denied,     // this user may not open the node
    memlock,           // RLIMIT_MEMLOCK too low for the weights
    not_enumerated,    // nothing of the above is missing, but XRT finds no device
    no_xclbin,         // no array program is installed
};
std::string_view name(NpuProblem);
/// What is wrong in a few words: "no NPU is on the PCI bus".
std::string_view brief(NpuProblem);

struct NpuFinding {
    NpuProblem problem;
    std::string text;  // one line: what is missing, and what to do
};

struct NpuHardware {
    std::string name;        // "NPU Strix"; empty if unknown
    std::string id;          // "PCI 1022:17f0, revision 0x10"
    std::string address;     // "0000:c5:00.1"
    std::string driver;      // "amdxdna 2.25.0", or "amdxdna (Linux 6.14.0)" for the kernel's own
    std::string firmware;    // "1.0.0.166"
    std::string power_mode;  // "turbo", as in xrt-smi configure --pmode; empty if not reported
    std::string unsuitable;  // why array programs for XDNA2 cannot run on it; empty if they can
};

/// "NPU Strix (PCI 1022:17f0, revision 0x10) at 0000:c5:00.1, amdxdna 2.21.0, firmware 1.0.0.166, power mode
/// turbo", without what is unknown.
std::string describe(const NpuHardware&);

struct NpuStatus {
    std::vector<NpuFinding> problems;  // each keeps the NPU from being used; to be put right in this order
    std::vector<NpuFinding> warnings;  // these may cause trouble later
    std::vector<NpuHardware> devices;  // as XRT counts them, including unsuitable ones
    std::vector<PciNpu> on_bus;        // on the PCI bus, whether XRT finds them or not
    std::string xrt_version;           // "2.25", of the loaded library; empty without one
    std::filesystem::path module_path;
    std::filesystem::path xclbin_directory;
    size_t shapes = 0;  // how many shapes of matmuls have instructions

    bool usable() const { return problems.empty(); }
    bool has(NpuProblem) const;
    /// "usable", or in one line the XDNA2 NPU on the PCI bus, if there is one, and all problems.
    std::string summary() const;
    /// The problem to name if only one is named: missing or unsuitable hardware, because nothing else matters
    /// then, or else the first. Needs a problem.
    const NpuFinding& first_problem() const;
    /// What it is, without what to do.
    std::string brief() const;
};

/// Where the facts come from. The defaults are this machine; tests describe one that does not exist.
struct ProbeEnvironment {
    std::filesystem::path root = "/";        // holds sys/, dev/ and proc/
    std::string kernel_release;              // as uname -r prints it; empty: this machine's
    uint64_t memlock_bytes = kThisProcess;   // RLIMIT_MEMLOCK, or kUnlimited
    bool may_lock_memory = false;            // CAP_IPC_LOCK, which lifts the limit
    const XrtLibrary* library = nullptr;     // null: xrt_library()
    std::filesystem::path xclbin_directory;  // empty: xclbin_directory()

    static constexpr uint64_t kThisProcess = ~uint64_t{0};
    static constexpr uint64_t kUnlimited = ~uint64_t{0} - 1;
};

/// Does not throw if something is missing, but returns it.
NpuStatus probe_npu(const ProbeEnvironment& = {});

/// Says what the limit on locked memory is and how to raise it, for errors about a refused buffer.
std::string memlock_advice(const ProbeEnvironment& = {});

}  // namespace npuscribe
