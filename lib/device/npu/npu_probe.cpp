#include "device/npu/npu_probe.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "device/npu/npu_programs.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;
using xrt_backend::Failure;
using xrt_backend::XrtError;

// PCI ids of the driver's own table (linux, drivers/accel/amdxdna/amdxdna_pci_drv.c).
constexpr const char* kAmd = "0x1022";
constexpr const char* kFirstGeneration = "0x1502";  // Phoenix, Hawk Point
constexpr const char* kSecondGeneration[] = {"0x17f0", "0x17f1", "0x17f2",
                                             "0x17f3"};  // Strix, Krackan and later
// XRT's driver for NPUs locks a heap of this size when it opens the device (xdna-driver,
// src/shim/kmq/pcidev.cpp), and all buffers after it.
constexpr uint64_t kDriverHeap = 64U << 20;
constexpr int kOldestMajor = 6, kOldestMinor = 14;  // the first Linux with amdxdna
constexpr const char* kRaiseMemlock =
    "raise it with 'ulimit -l unlimited', or with a file in /etc/security/limits.d that says '* - memlock "
    "unlimited' "
    "and a new login; in a container, also with --ulimit memlock=-1";

std::string first_line(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.pop_back();
    return line;
}

std::vector<fs::path> entries(const fs::path& directory) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

std::string kernel_release(const ProbeEnvironment& environment) {
    if (!environment.kernel_release.empty()) return environment.kernel_release;
    utsname names{};
    return uname(&names) == 0 ? names.release : "";
}

bool kernel_too_old(const std::string& release) {
    int major = 0, minor = 0;
    if (std::sscanf(release.c_str(), "%d.%d", &major, &minor) != 2) return false;
    return major < kOldestMajor || (major == kOldestMajor && minor < kOldestMinor);
}

/// The limit on this process's locked memory, or nothing if there is none.
std::optional<uint64_t> memlock_limit(const ProbeEnvironment& environment) {
    uint64_t bytes = environment.memlock_bytes;
    bool exempt = environment.may_lock_memory;
    if (bytes == ProbeEnvironment::kThisProcess) {
        rlimit limit{};
        if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return {};
        bytes = limit.rlim_cur == RLIM_INFINITY ? ProbeEnvironment::kUnlimited : limit.rlim_cur;
        exempt = geteuid() == 0;  // root has CAP_IPC_LOCK, except in some containers
    }
    if (bytes == ProbeEnvironment::kUnlimited || exempt) return {};
    return bytes;
}

std::string mebibytes(uint64_t bytes) {
    return bytes < (1U << 20) ? fmt::format("{} KiB", bytes >> 10) : fmt::format("{} MiB", bytes >> 20);
}

NpuFinding finding(NpuProblem problem, std::string text) {
    return {problem, std::move(text)};
}

/// What sysfs says of a PCI function that the driver has bound.
NpuHardware from_sysfs(const fs::path& function, const ProbeEnvironment& environment) {
    NpuHardware hardware;
    hardware.address = function.filename().string();
    hardware.name = first_line(function / "vbnv");
    hardware.firmware = first_line(function / "fw_version");
    const fs::path module = environment.root / "sys/module/amdxdna";
    std::error_code error;
    if (fs::exists(module, error)) {
        const std::string version = first_line(module / "version");
        hardware.driver = version.empty() ? fmt::format("amdxdna (Linux {})", kernel_release(environment))
                                          : "amdxdna " + version;
    }
    return hardware;
}

struct Bus {
    std::vector<fs::path> npus;
    bool first_generation = false;
};

Bus look_at_bus(const ProbeEnvironment& environment) {
    Bus bus;
    for (const fs::path& function : entries(environment.root / "sys/bus/pci/devices")) {
        if (first_line(function / "vendor") != kAmd) continue;
        const std::string id = first_line(function / "device");
        if (id == kFirstGeneration) bus.first_generation = true;
        if (std::find(std::begin(kSecondGeneration), std::end(kSecondGeneration), id) !=
            std::end(kSecondGeneration)) {
            bus.npus.push_back(function);
        }
    }
    return bus;
}

/// The reasons why XRT may find no device, from the PCI bus up to the device node.
std::vector<NpuFinding> explain_absence(const ProbeEnvironment& environment) {
    std::vector<NpuFinding> found;
    const Bus bus = look_at_bus(environment);
    if (bus.npus.empty() && bus.first_generation) {
        found.push_back(finding(
            NpuProblem::first_generation,
            "this NPU is of AMD's first generation (XDNA1), which has no BFP16; npuscribe needs an XDNA2 NPU "
            "(Ryzen AI 300 or newer)"));
        return found;
    }
    if (bus.npus.empty()) {
        found.push_back(finding(NpuProblem::no_hardware,
                                "no AMD XDNA2 NPU is on the PCI bus; if this machine has one, enable it in "
                                "the firmware's setup"));
    }
    std::error_code error;
    const std::string release = kernel_release(environment);
    if (!fs::exists(environment.root / "sys/module/amdxdna", error)) {
        if (kernel_too_old(release)) {
            found.push_back(finding(
                NpuProblem::old_kernel,
                fmt::format("Linux {} has no driver for the NPU: use Linux 6.14 or newer, which has amdxdna",
                            release)));
        } else {
            found.push_back(finding(NpuProblem::no_kernel_driver,
                                    "the kernel driver amdxdna is not loaded: 'modprobe amdxdna' says why"));
        }
    }
    std::vector<fs::path> nodes = entries(environment.root / "dev/accel");
    if (nodes.empty()) {
        found.push_back(
            finding(NpuProblem::no_device_node,
                    "there is no /dev/accel/accel0; in a container, pass --device /dev/accel/accel0"));
    } else if (std::none_of(nodes.begin(), nodes.end(), [](const fs::path& node) {
                   return faccessat(AT_FDCWD, node.c_str(), R_OK | W_OK, AT_EACCESS) == 0;
               })) {
        found.push_back(finding(
            NpuProblem::access_denied,
            fmt::format(
                "this user may not open /dev/accel/{}: 'sudo usermod -aG render $USER', then log in again",
                nodes.front().filename().string())));
    }
    if (const auto limit = memlock_limit(environment); limit && *limit < kDriverHeap) {
        found.push_back(finding(NpuProblem::memlock, memlock_advice(environment)));
    }
    return found;
}

bool has_npu_driver(const fs::path& directory) {
    const auto files = entries(directory);
    return std::any_of(files.begin(), files.end(), [](const fs::path& file) {
        return file.filename().string().starts_with("libxrt_driver_xdna.so");
    });
}

NpuProblem problem_of(XrtProblem problem) {
    switch (problem) {
        case XrtProblem::no_module:
            return NpuProblem::no_module;
        case XrtProblem::no_library:
            return NpuProblem::no_xrt;
        case XrtProblem::old_library:
            return NpuProblem::old_xrt;
        default:
            return NpuProblem::foreign_module;
    }
}

NpuFinding of_failed_open(const XrtError& error, const ProbeEnvironment& environment) {
    switch (error.failure()) {
        case Failure::no_memory:
            return finding(NpuProblem::memlock,
                           fmt::format("{}: {}", error.what(), memlock_advice(environment)));
        case Failure::access_denied:
            return finding(
                NpuProblem::access_denied,
                fmt::format("{}: 'sudo usermod -aG render $USER', then log in again", error.what()));
        default:
            return finding(NpuProblem::not_enumerated,
                           fmt::format("XRT cannot open the NPU: {}", error.what()));
    }
}

void look_through_xrt(const ProbeEnvironment& environment, xrt_backend::Backend& backend, NpuStatus& status) {
    const unsigned count = backend.count_devices();
    for (unsigned index = 0; index < count; ++index) {
        try {
            const auto description = backend.open_device(index)->describe();
            NpuHardware hardware =
                from_sysfs(environment.root / "sys/bus/pci/devices" / description.address, environment);
            hardware.address = description.address;
            if (!description.name.empty()) hardware.name = description.name;
            status.devices.push_back(hardware);
        } catch (const XrtError& error) {
            status.problems.push_back(of_failed_open(error, environment));
        }
    }
    if (count > 0) return;
    status.problems = explain_absence(environment);
    // The file is looked for only if there is no device, because the tests' double and a static XRT have
    // devices without it.
    const fs::path& directory = environment.library->library_directory;
    if (!directory.empty() && !has_npu_driver(directory)) {
        status.problems.insert(
            status.problems.begin(),
            finding(NpuProblem::no_xrt_driver,
                    fmt::format("XRT {} is installed without its driver for NPUs: libxrt_driver_xdna is "
                                "not in {} (Debian 13: apt-get install -t trixie-backports libxrt-npu2)",
                                status.xrt_version, directory.string())));
    }
    if (status.problems.empty()) {
        status.problems.push_back(
            finding(NpuProblem::not_enumerated,
                    fmt::format("XRT {} finds no device, although the driver and the device node are "
                                "there: 'xrt-smi examine' and 'dmesg' may say why",
                                status.xrt_version)));
    }
}

}  // namespace

std::string_view name(NpuProblem problem) {
    switch (problem) {
        case NpuProblem::no_module:
            return "no-module";
        case NpuProblem::no_xrt:
            return "no-xrt";
        case NpuProblem::old_xrt:
            return "old-xrt";
        case NpuProblem::foreign_module:
            return "foreign-module";
        case NpuProblem::no_xrt_driver:
            return "no-xrt-driver";
        case NpuProblem::no_hardware:
            return "no-hardware";
        case NpuProblem::first_generation:
            return "first-generation";
        case NpuProblem::old_kernel:
            return "old-kernel";
        case NpuProblem::no_kernel_driver:
            return "no-kernel-driver";
        case NpuProblem::no_device_node:
            return "no-device-node";
        case NpuProblem::access_denied:
            return "access-denied";
        case NpuProblem::memlock:
            return "memlock";
        case NpuProblem::not_enumerated:
            return "not-enumerated";
        case NpuProblem::no_xclbin:
            return "no-xclbin";
    }
    return "";
}

std::string describe(const NpuHardware& hardware) {
    std::string text = hardware.name.empty() ? "NPU" : hardware.name;
    if (!hardware.address.empty()) text += " at " + hardware.address;
    if (!hardware.driver.empty()) text += ", " + hardware.driver;
    if (!hardware.firmware.empty()) text += ", firmware " + hardware.firmware;
    return text;
}

bool NpuStatus::has(NpuProblem problem) const {
    return std::any_of(problems.begin(), problems.end(),
                       [&](const auto& found) { return found.problem == problem; });
}

std::string NpuStatus::summary() const {
    if (usable()) return "usable";
    std::string text;
    for (const auto& found : problems) text += (text.empty() ? "" : "; ") + found.text;
    return text;
}

std::string memlock_advice(const ProbeEnvironment& environment) {
    const auto limit = memlock_limit(environment);
    if (!limit) return "this process may lock as much memory as it wants";
    return fmt::format(
        "this process may lock {} of memory, but XRT locks {} to open the NPU, and every buffer after that; "
        "{}",
        mebibytes(*limit), mebibytes(kDriverHeap), kRaiseMemlock);
}

NpuStatus probe_npu(const ProbeEnvironment& given) {
    ProbeEnvironment environment = given;
    if (environment.library == nullptr) environment.library = &xrt_library();
    const XrtLibrary& library = *environment.library;

    NpuStatus status;
    status.module_path = library.module_path;
    if (library.backend == nullptr) {
        status.problems = explain_absence(environment);
        status.problems.insert(status.problems.begin(), finding(problem_of(library.problem), library.detail));
    } else {
        try {
            status.xrt_version = library.backend->running_version();
            look_through_xrt(environment, *library.backend, status);
        } catch (const XrtError& error) {
            status.problems.push_back(
                finding(NpuProblem::not_enumerated, fmt::format("XRT failed: {}", error.what())));
        }
        const auto limit = memlock_limit(environment);
        if (limit && !status.has(NpuProblem::memlock)) {
            status.warnings.push_back(finding(NpuProblem::memlock, memlock_advice(environment)));
        }
    }

    status.xclbin_directory =
        environment.xclbin_directory.empty() ? xclbin_directory() : environment.xclbin_directory;
    try {
        const NpuPrograms programs(status.xclbin_directory);
        status.shapes = programs.shapes();
        if (status.shapes == 0)
            status.problems.push_back(finding(NpuProblem::no_xclbin, programs.why_empty()));
    } catch (const DeviceError& error) {
        status.problems.push_back(finding(NpuProblem::no_xclbin, error.what()));
    }
    return status;
}

}  // namespace npuscribe
