#include "device/npu/npu_pci.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace npuscribe {
namespace {

namespace fs = std::filesystem;
using Kind = PciNpu::Kind;

// The ids are those of the driver's own table: drivers/accel/amdxdna/amdxdna_pci_drv.c in Linux and in
// github.com/amd/xdna-driver.
constexpr int kAmd = 0x1022;
constexpr int kXdna2 = 0x17f0;

struct Revision {
    int revision;
    const char* name;  // as in npu4_regs.c, npu5_regs.c and npu6_regs.c
};
// Revision 0x00 was a prototype of 0x10, and newer drivers no longer know it.
constexpr Revision kXdna2Revisions[] = {{0x10, "NPU Strix"}, {0x11, "NPU Strix Halo"}, {0x20, "NPU Krackan"}};

struct OtherDevice {
    int device;
    Kind kind;
    const char* name;
};
// The newer ones are NPU3 and its successors, which the driver operates through aie4_pci.c: another array,
// and another interface to it. 17f2 and 1b0b are physical functions, 17f3 and 1b0c virtual ones.
constexpr OtherDevice kOtherDevices[] = {
    {0x1502, Kind::xdna1, "NPU Phoenix or Hawk Point"},
    {0x17f1, Kind::newer, "NPU"},
    {0x17f2, Kind::newer, "NPU"},
    {0x17f3, Kind::newer, "NPU"},
    {0x1b0a, Kind::newer, "NPU"},
    {0x1b0b, Kind::newer, "NPU"},
    {0x1b0c, Kind::newer, "NPU"},
};

/// The number in a file of sysfs, such as "0x17f0"; nothing if there is none.
std::optional<int> number_in(const fs::path& path) {
    std::ifstream file(path);
    std::string text;
    file >> text;
    char* end = nullptr;
    const unsigned long value = std::strtoul(text.c_str(), &end, 16);
    if (text.empty() || *end != '\0' || value > 0xFFFF) return {};
    return static_cast<int>(value);
}

bool driven_by_amdxdna(const fs::path& function) {
    std::error_code error;
    return fs::read_symlink(function / "driver", error).filename() == "amdxdna";
}

std::optional<PciNpu> npu_in(const fs::path& function) {
    if (number_in(function / "vendor") != kAmd) return {};
    const auto device = number_in(function / "device");
    if (!device) return {};
    PciNpu npu;
    npu.name = "NPU";
    npu.address = function.filename().string();
    npu.device = static_cast<uint16_t>(*device);
    npu.revision = number_in(function / "revision");
    if (device == kXdna2) {
        const auto* known = std::find_if(std::begin(kXdna2Revisions), std::end(kXdna2Revisions),
                                         [&](const Revision& r) { return r.revision == npu.revision; });
        npu.kind = known != std::end(kXdna2Revisions) ? Kind::xdna2 : Kind::unknown_revision;
        if (npu.kind == Kind::xdna2) npu.name = known->name;
        return npu;
    }
    const auto* other = std::find_if(std::begin(kOtherDevices), std::end(kOtherDevices),
                                     [&](const OtherDevice& o) { return o.device == *device; });
    if (other != std::end(kOtherDevices)) {
        npu.kind = other->kind;
        npu.name = other->name;
        return npu;
    }
    if (driven_by_amdxdna(function)) return npu;
    return {};
}

}  // namespace

std::vector<PciNpu> npus_on_bus(const fs::path& root) {
    std::vector<PciNpu> npus;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root / "sys/bus/pci/devices", error)) {
        if (auto npu = npu_in(entry.path())) npus.push_back(std::move(*npu));
    }
    std::sort(npus.begin(), npus.end(),
              [](const PciNpu& a, const PciNpu& b) { return a.address < b.address; });
    return npus;
}

std::optional<PciNpu> npu_at(const fs::path& root, const std::string& address) {
    return npu_in(root / "sys/bus/pci/devices" / address);
}

std::string pci_id(const PciNpu& npu) {
    const std::string id = fmt::format("PCI {:04x}:{:04x}", kAmd, npu.device);
    return npu.revision ? fmt::format("{}, revision 0x{:02x}", id, *npu.revision) : id;
}

std::string describe(const PciNpu& npu) {
    return fmt::format("{} ({}) at {}", npu.name, pci_id(npu), npu.address);
}

std::string objection(const PciNpu& npu) {
    switch (npu.kind) {
        case Kind::xdna2:
            return {};
        case Kind::unknown_revision:
            return fmt::format(
                "found {}, a revision that npuscribe does not know: its array programs are for revisions "
                "0x10 (Strix), 0x11 (Strix Halo) and 0x20 (Krackan); if the NPU opens, compare a "
                "transcript with one of --device emulated; if not, update Linux or amdxdna",
                describe(npu));
        case Kind::xdna1:
            return fmt::format(
                "found {}, which is of AMD's first generation (XDNA1) and has no BFP16; npuscribe needs "
                "{}: use --device cpu",
                describe(npu), kWantedNpu);
        case Kind::newer:
            return fmt::format(
                "found {}, which is of a generation after XDNA2; npuscribe's array programs are compiled "
                "for {} and cannot run on it: use --device cpu",
                describe(npu), kWantedNpu);
        case Kind::unknown:
            break;
    }
    return fmt::format(
        "found {}, which npuscribe does not know; its array programs are compiled for {}: use --device cpu",
        describe(npu), kWantedNpu);
}

}  // namespace npuscribe
