#include "device/npu/npu_probe.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "device/npu/npu_programs.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;
using xrt_backend::Failure;
using xrt_backend::XrtError;

// XRT's driver for NPUs locks a heap of this size when it opens the device (xdna-driver,
// src/shim/kmq/pcidev.cpp), and all buffers after it.
constexpr uint64_t kDriverHeap = 64U << 20;
constexpr int kOldestMajor = 6, kOldestMinor = 14;  // the first Linux with amdxdna
constexpr const char* kRaiseMemlock =
    "raise it with 'ulimit -l unlimited', or with a file in /etc/security/limits.d that says '* - memlock "
    "unlimited' and a new login; in a container, also with --ulimit memlock=-1";

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
NpuHardware from_sysfs(const std::string& address, const ProbeEnvironment& environment) {
    const fs::path function = environment.root / "sys/bus/pci/devices" / address;
    NpuHardware hardware;
    hardware.address = address;
    if (const auto npu = npu_at(environment.root, address)) {
        hardware.id = pci_id(*npu);
        if (!npu->suitable()) hardware.unsuitable = objection(*npu);
    }
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

NpuProblem problem_of(PciNpu::Kind kind) {
    switch (kind) {
        case PciNpu::Kind::xdna1:
            return NpuProblem::first_generation;
        case PciNpu::Kind::unknown_revision:
            return NpuProblem::unknown_revision;
        default:
            return NpuProblem::newer_generation;
    }
}

NpuFinding objection_to(const PciNpu& npu) {
    return finding(problem_of(npu.kind), objection(npu));
}

/// The reasons why XRT may find no device, from the PCI bus up to the device node.
std::vector<NpuFinding> explain_absence(const ProbeEnvironment& environment,
                                        const std::vector<PciNpu>& on_bus) {
    std::vector<NpuFinding> found;
    if (std::none_of(on_bus.begin(), on_bus.end(), [](const PciNpu& npu) { return npu.suitable(); })) {
        for (const PciNpu& npu : on_bus) found.push_back(objection_to(npu));
        if (!found.empty()) return found;  // a driver for such an NPU would not help
        found.push_back(finding(NpuProblem::no_hardware,
                                fmt::format("no NPU is on the PCI bus; npuscribe needs {}: if this "
                                            "machine has one, enable it in the firmware's setup",
                                            kWantedNpu)));
    } else if (std::none_of(on_bus.begin(), on_bus.end(),
                            [](const PciNpu& npu) { return npu.kind == PciNpu::Kind::xdna2; })) {
        // amdxdna refuses revisions that are not in its table, so this may be why there is no device.
        for (const PciNpu& npu : on_bus) {
            if (npu.suitable()) found.push_back(objection_to(npu));
        }
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

/// The power mode in XRT's JSON about the platform, which alone has it: amdxdna has no file for it in sysfs
/// (amdxdna_sysfs.c), only an ioctl, and XRT's own query for that (performance_mode) is not public.
std::string power_mode_of(const std::string& platform) {
    const auto json = nlohmann::json::parse(platform, nullptr, false);
    const nlohmann::json::json_pointer place("/platforms/0/status/power_mode");
    if (json.is_discarded() || !json.contains(place) || !json.at(place).is_string()) return {};
    const std::string mode = to_lower(json.at(place).get<std::string>());
    return mode == "not supported" ? std::string() : mode;
}

/// Says which of the devices that XRT opened cannot run array programs for XDNA2. It is a problem only if no
/// other device can.
void judge_devices(NpuStatus& status) {
    const bool any = std::any_of(status.devices.begin(), status.devices.end(),
                                 [](const NpuHardware& npu) { return npu.unsuitable.empty(); });
    for (const PciNpu& npu : status.on_bus) {
        const bool opened =
            std::any_of(status.devices.begin(), status.devices.end(),
                        [&](const NpuHardware& device) { return device.address == npu.address; });
        if (!opened || npu.kind == PciNpu::Kind::xdna2) continue;
        (any ? status.warnings : status.problems).push_back(objection_to(npu));
    }
}

void look_through_xrt(const ProbeEnvironment& environment, xrt_backend::Backend& backend, NpuStatus& status) {
    const unsigned count = backend.count_devices();
    for (unsigned index = 0; index < count; ++index) {
        try {
            const auto device = backend.open_device(index);
            const auto description = device->describe();
            NpuHardware hardware = from_sysfs(description.address, environment);
            if (!description.name.empty()) hardware.name = description.name;
            hardware.power_mode = power_mode_of(device->platform());
            status.devices.push_back(std::move(hardware));
        } catch (const XrtError& error) {
            status.problems.push_back(of_failed_open(error, environment));
        }
    }
    if (count > 0) {
        judge_devices(status);
        return;
    }
    status.problems = explain_absence(environment, status.on_bus);
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
        case NpuProblem::newer_generation:
            return "newer-generation";
        case NpuProblem::unknown_revision:
            return "unknown-revision";
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

std::string_view brief(NpuProblem problem) {
    switch (problem) {
        case NpuProblem::no_module:
            return "this npuscribe was built without XRT";
        case NpuProblem::no_xrt:
            return "XRT is not installed";
        case NpuProblem::old_xrt:
            return "the installed XRT is too old";
        case NpuProblem::foreign_module:
            return "the module for XRT is another build's";
        case NpuProblem::no_xrt_driver:
            return "XRT has no driver for NPUs";
        case NpuProblem::no_hardware:
            return "no NPU is on the PCI bus";
        case NpuProblem::first_generation:
            return "the NPU is an XDNA1, which has no BFP16";
        case NpuProblem::newer_generation:
            return "npuscribe does not know the NPU's generation";
        case NpuProblem::unknown_revision:
            return "npuscribe does not know the NPU's revision";
        case NpuProblem::old_kernel:
            return "Linux is older than 6.14";
        case NpuProblem::no_kernel_driver:
            return "the kernel driver amdxdna is not loaded";
        case NpuProblem::no_device_node:
            return "there is no /dev/accel/accel*";
        case NpuProblem::access_denied:
            return "this user may not open the NPU";
        case NpuProblem::memlock:
            return "the limit on locked memory is too low";
        case NpuProblem::not_enumerated:
            return "XRT finds no NPU";
        case NpuProblem::no_xclbin:
            return "no array programs are installed";
    }
    return "";
}

std::string describe(const NpuHardware& hardware) {
    std::string text = hardware.name.empty() ? "NPU" : hardware.name;
    if (!hardware.id.empty()) text += fmt::format(" ({})", hardware.id);
    if (!hardware.address.empty()) text += " at " + hardware.address;
    if (!hardware.driver.empty()) text += ", " + hardware.driver;
    if (!hardware.firmware.empty()) text += ", firmware " + hardware.firmware;
    if (!hardware.power_mode.empty()) text += ", power mode " + hardware.power_mode;
    return text;
}

bool NpuStatus::has(NpuProblem problem) const {
    return std::any_of(problems.begin(), problems.end(),
                       [&](const auto& found) { return found.problem == problem; });
}

std::string NpuStatus::summary() const {
    if (usable()) return "usable";
    std::string text;
    for (const PciNpu& npu : on_bus) {
        if (npu.kind == PciNpu::Kind::xdna2) text += (text.empty() ? "found " : ", ") + describe(npu);
    }
    for (const auto& found : problems) text += (text.empty() ? "" : "; ") + found.text;
    return text;
}

const NpuFinding& NpuStatus::first_problem() const {
    const auto hardware = std::find_if(problems.begin(), problems.end(), [](const NpuFinding& found) {
        return found.problem == NpuProblem::no_hardware || found.problem == NpuProblem::first_generation ||
               found.problem == NpuProblem::newer_generation;
    });
    return hardware == problems.end() ? problems.front() : *hardware;
}

std::string NpuStatus::brief() const {
    return std::string(npuscribe::brief(first_problem().problem));
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
    status.on_bus = npus_on_bus(environment.root);
    if (library.backend == nullptr) {
        status.problems = explain_absence(environment, status.on_bus);
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
