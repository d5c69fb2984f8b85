#pragma once
// The NPUs on the PCI bus, and whether npuscribe's array programs can run on them.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace npuscribe {

/// What error messages ask for.
inline constexpr const char* kWantedNpu =
    "an AMD XDNA2 NPU (PCI 1022:17f0, as in Ryzen AI 300 and Ryzen AI Max)";

/// An AMD NPU, told from the others by its PCI device id and revision.
struct PciNpu {
    enum class Kind {
        xdna2,             // 17f0 of a known revision: what the array programs are compiled for
        unknown_revision,  // 17f0 of another revision
        xdna1,             // 1502
        newer,             // an array of the generation after XDNA2
        unknown,           // amdxdna drives it, but its id is none of these
    };
    Kind kind = Kind::unknown;
    std::string name;             // "NPU Strix Halo"; "NPU" if the id is not a known one
    std::string address;          // "0000:c5:00.1"
    uint16_t device = 0;          // 0x17f0
    std::optional<int> revision;  // 0x11; nothing if sysfs does not report it

    /// Array programs for XDNA2 may run on it.
    bool suitable() const { return kind == Kind::xdna2 || kind == Kind::unknown_revision; }
};

/// `root` holds sys/. In the order of their addresses.
std::vector<PciNpu> npus_on_bus(const std::filesystem::path& root);
/// The NPU at one address, such as XRT's; nothing if there is none or sysfs does not show it.
std::optional<PciNpu> npu_at(const std::filesystem::path& root, const std::string& address);

/// "PCI 1022:17f0, revision 0x11".
std::string pci_id(const PciNpu&);
/// "NPU Strix Halo (PCI 1022:17f0, revision 0x11) at 0000:c5:00.1".
std::string describe(const PciNpu&);
/// What was found, what npuscribe needs and what to do, for every kind but xdna2, whose text is empty.
std::string objection(const PciNpu&);

}  // namespace npuscribe
