// What npuscribe says of an NPU that is missing. The machines are made up: a directory stands for /, and an
// object for XRT.

#include "device/npu/npu_probe.h"

#include <unistd.h>

#include "catch.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

namespace fs = std::filesystem;
using xrt_backend::Failure;
using xrt_backend::XrtError;

/// A machine with a Strix Halo NPU, its driver, its node and no limit on locked memory, until a test takes
/// something away.
struct Machine {
    TemporaryDirectory root;
    ProbeEnvironment environment;
    XrtLibrary library;

    Machine() {
        fs::permissions(root.path(), fs::perms(0755));
        write("sys/bus/pci/devices/0000:00:00.0/vendor", "0x8086");
        write("sys/bus/pci/devices/0000:c5:00.1/vendor", "0x1022");
        id("0x17f0", "0x11");
        write("sys/bus/pci/devices/0000:c5:00.1/fw_version", "1.0.0.166");
        write("sys/bus/pci/devices/0000:c5:00.1/vbnv", "NPU Strix Halo");
        write("sys/module/amdxdna/version", "2.21.0");
        write("dev/accel/accel0", "");
        write("opt/xrt/libxrt_driver_xdna.so.2", "");
        library.library_directory = root / "opt/xrt";
        environment.root = root.path();
        environment.kernel_release = "6.14.2-arch1-1";
        environment.memlock_bytes = ProbeEnvironment::kUnlimited;
        environment.library = &library;
        environment.xclbin_directory = root / "xclbin";
    }

    void write(const std::string& file, const std::string& text) const { root.write(file, text + "\n"); }
    /// Makes the NPU one of this PCI device id and revision.
    void id(const std::string& device, const std::string& revision) const {
        write("sys/bus/pci/devices/0000:c5:00.1/device", device);
        write("sys/bus/pci/devices/0000:c5:00.1/revision", revision);
    }
    void remove(const std::string& path) const { fs::remove_all(root / path); }
    void programs() const {
        write("xclbin/manifest.json",
              R"({"format": 2, "layout_version": 2, "programs": [{"name": "p", "xclbin": "p.xclbin",
            "sha256": "0", "tile": {"m": 64, "k": 64, "n": 64},
            "shapes": [{"m": 512, "k": 512, "n": 512, "result": "sums", "instructions": "i.bin", "sha256": "0"}]}]})");
    }
    /// The kinds of problems, in order.
    std::vector<NpuProblem> problems() const {
        std::vector<NpuProblem> kinds;
        for (const auto& found : probe_npu(environment).problems) kinds.push_back(found.problem);
        return kinds;
    }
    std::string text_of(NpuProblem problem) const {
        for (const auto& found : probe_npu(environment).problems) {
            if (found.problem == problem) return found.text;
        }
        return {};
    }
};

class FakeDevice : public xrt_backend::XrtDevice {
  public:
    FakeDevice(std::string address, std::string platform)
        : address_(std::move(address)), platform_(std::move(platform)) {}
    xrt_backend::Description describe() override { return {"NPU Strix Halo", address_}; }
    std::string platform() override { return platform_; }
    std::unique_ptr<xrt_backend::Context> open(const std::string&, const std::string&) override {
        return nullptr;
    }

  private:
    std::string address_;
    std::string platform_;
};

class FakeXrt : public xrt_backend::Backend {
  public:
    unsigned devices = 0;
    std::vector<std::string> addresses = {"0000:c5:00.1", "0000:c6:00.1"};
    // As XRT 2.25 writes it for an NPU.
    std::string platform = R"({"platforms": [{"static_region": {"name": "NPU Strix Halo"},
        "total_columns": "8", "status": {"power_mode": "Turbo"}}]})";
    std::unique_ptr<XrtError> error;

    std::string running_version() override { return "2.25"; }
    std::string built_version() override { return "2.25"; }
    unsigned count_devices() override { return devices; }
    std::string find_kernel(const std::string&, const std::string&) override { return {}; }
    std::unique_ptr<xrt_backend::XrtDevice> open_device(unsigned index) override {
        if (error) throw *error;
        return std::make_unique<FakeDevice>(addresses.at(index), platform);
    }
};

}  // namespace

TEST_CASE("an NPU that lacks nothing is usable, and is described with its driver and firmware") {
    Machine machine;
    machine.programs();
    FakeXrt xrt;
    xrt.devices = 1;
    machine.library.backend = &xrt;
    const NpuStatus status = probe_npu(machine.environment);
    CHECK(status.usable());
    CHECK(status.summary() == "usable");
    CHECK(status.xrt_version == "2.25");
    CHECK(status.shapes == 1);
    REQUIRE(status.devices.size() == 1);
    CHECK(status.devices[0].name == "NPU Strix Halo");
    CHECK(status.devices[0].address == "0000:c5:00.1");
    CHECK(status.devices[0].driver == "amdxdna 2.21.0");
    CHECK(status.devices[0].firmware == "1.0.0.166");
    CHECK(describe(status.devices[0]) ==
          "NPU Strix Halo (PCI 1022:17f0, revision 0x11) at 0000:c5:00.1, amdxdna 2.21.0, firmware "
          "1.0.0.166, power mode turbo");

    SECTION("the kernel's own driver is described by the kernel's version") {
        machine.remove("sys/module/amdxdna/version");
        CHECK(probe_npu(machine.environment).devices[0].driver == "amdxdna (Linux 6.14.2-arch1-1)");
    }
    SECTION("the power mode is left out if the driver does not report it") {
        for (const char* platform : {"", "not JSON", "{}", R"({"platforms": []})",
                                     R"({"platforms": [{"status": {"power_mode": 4}}]})",
                                     R"({"platforms": [{"status": {"power_mode": "not supported"}}]})"}) {
            CAPTURE(platform);
            xrt.platform = platform;
            const NpuStatus silent = probe_npu(machine.environment);
            CHECK(silent.usable());
            CHECK(silent.devices[0].power_mode.empty());
            CHECK_FALSE(contains(describe(silent.devices[0]), "power mode"));
        }
    }
    SECTION("a low memlock limit is only a warning as long as the device opens") {
        machine.environment.memlock_bytes = 8U << 20;
        const NpuStatus warned = probe_npu(machine.environment);
        CHECK(warned.usable());
        REQUIRE(warned.warnings.size() == 1);
        CHECK(warned.warnings[0].problem == NpuProblem::memlock);
    }
    SECTION("without array programs there is nothing to run") {
        machine.remove("xclbin");
        CHECK(machine.problems() == std::vector{NpuProblem::no_xclbin});
        CHECK(contains(machine.text_of(NpuProblem::no_xclbin), "NPUSCRIBE_XCLBIN_DIR"));
    }
}

TEST_CASE("if XRT finds no device, the first thing that is missing is named") {
    Machine machine;
    machine.programs();
    FakeXrt xrt;
    machine.library.backend = &xrt;

    SECTION("nothing visible is missing") {
        CHECK(machine.problems() == std::vector{NpuProblem::not_enumerated});
    }
    SECTION("the driver, on a kernel that has it") {
        machine.remove("sys/module/amdxdna");
        CHECK(machine.problems() == std::vector{NpuProblem::no_kernel_driver});
        CHECK(contains(machine.text_of(NpuProblem::no_kernel_driver), "modprobe amdxdna"));
    }
    SECTION("the driver, on a kernel too old for it") {
        machine.remove("sys/module/amdxdna");
        machine.environment.kernel_release = "6.12.48+deb13-amd64";
        CHECK(machine.problems() == std::vector{NpuProblem::old_kernel});
        CHECK(contains(machine.text_of(NpuProblem::old_kernel), "6.12.48+deb13-amd64"));
    }
    SECTION("the device node") {
        machine.remove("dev/accel");
        CHECK(machine.problems() == std::vector{NpuProblem::no_device_node});
    }
    SECTION("the permission to open the node") {
        fs::permissions(machine.root / "dev/accel/accel0", fs::perms::none);
        const bool was_root = geteuid() == 0;  // permissions do not stop root
        if (was_root) REQUIRE(seteuid(65534) == 0);
        const auto problems = machine.problems();
        const auto text = machine.text_of(NpuProblem::access_denied);
        if (was_root) REQUIRE(seteuid(0) == 0);
        CHECK(problems == std::vector{NpuProblem::access_denied});
        CHECK(contains(text, "/dev/accel/accel0"));
        CHECK(contains(text, "render"));
    }
    SECTION("locked memory: XRT's driver takes 64 MiB when it opens the device") {
        machine.environment.memlock_bytes = 8U << 20;
        CHECK(machine.problems() == std::vector{NpuProblem::memlock});
        CHECK(contains(machine.text_of(NpuProblem::memlock), "may lock 8 MiB"));
        CHECK(contains(machine.text_of(NpuProblem::memlock), "ulimit -l unlimited"));
        machine.environment.memlock_bytes = 64U << 20;
        CHECK_FALSE(probe_npu(machine.environment).has(NpuProblem::memlock));
        machine.environment.memlock_bytes = 1024;
        machine.environment.may_lock_memory = true;
        CHECK_FALSE(probe_npu(machine.environment).has(NpuProblem::memlock));
    }
    SECTION("the hardware") {
        machine.remove("sys/bus/pci/devices/0000:c5:00.1");
        CHECK(machine.problems() == std::vector{NpuProblem::no_hardware});
        CHECK(contains(machine.text_of(NpuProblem::no_hardware), "1022:17f0"));
    }
    SECTION("the hardware, and that is the one thing to name, whatever else is missing") {
        machine.remove("sys/bus/pci/devices/0000:c5:00.1");
        machine.library.backend = nullptr;
        machine.library.problem = XrtProblem::no_module;
        machine.library.detail = "this npuscribe was built without XRT: install it";
        const NpuStatus status = probe_npu(machine.environment);
        CHECK(status.problems.front().problem == NpuProblem::no_module);
        CHECK(status.brief() == "no NPU is on the PCI bus");
    }
    SECTION("one thing, which is then the one to name") {
        machine.library.backend = nullptr;
        machine.library.problem = XrtProblem::no_module;
        CHECK(probe_npu(machine.environment).brief() == "this npuscribe was built without XRT");
    }
    SECTION("hardware of the second generation") {
        machine.id("0x1502", "0x00");
        CHECK(machine.problems() == std::vector{NpuProblem::first_generation});
    }
    SECTION("XRT's driver for NPUs") {
        machine.remove("opt/xrt/libxrt_driver_xdna.so.2");
        CHECK(machine.problems() == std::vector{NpuProblem::no_xrt_driver});
        CHECK(contains(machine.text_of(NpuProblem::no_xrt_driver), "libxrt-npu2"));
    }
    SECTION("several at once are all named") {
        machine.remove("sys/module/amdxdna");
        machine.remove("dev/accel");
        CHECK(machine.problems() == std::vector{NpuProblem::no_kernel_driver, NpuProblem::no_device_node});
    }
}

TEST_CASE("a device that XRT finds but cannot open is explained") {
    Machine machine;
    machine.programs();
    FakeXrt xrt;
    xrt.devices = 1;
    machine.library.backend = &xrt;
    SECTION("too little locked memory") {
        xrt.error = std::make_unique<XrtError>(Failure::no_memory, "mmap failed");
        machine.environment.memlock_bytes = 8U << 20;
        CHECK(machine.problems() == std::vector{NpuProblem::memlock});
    }
    SECTION("no permission") {
        xrt.error = std::make_unique<XrtError>(Failure::access_denied, "open failed");
        CHECK(machine.problems() == std::vector{NpuProblem::access_denied});
    }
}

TEST_CASE("without XRT, everything else that is missing is named, too") {
    Machine machine;
    machine.programs();
    machine.library.problem = XrtProblem::no_library;
    machine.library.detail = "libxrt_coreutil.so.2: cannot open";
    CHECK(machine.problems() == std::vector{NpuProblem::no_xrt});
    machine.remove("dev/accel");
    CHECK(machine.problems() == std::vector{NpuProblem::no_xrt, NpuProblem::no_device_node});
    machine.library.problem = XrtProblem::old_library;
    CHECK(machine.problems().front() == NpuProblem::old_xrt);
    machine.library.problem = XrtProblem::no_module;
    CHECK(machine.problems().front() == NpuProblem::no_module);
    CHECK(contains(probe_npu(machine.environment).summary(), "cannot open; there is no /dev/accel/accel0"));
}

TEST_CASE("an NPU is distinguished from the others by its PCI id and revision") {
    using Kind = PciNpu::Kind;
    struct Known {
        const char* device;
        const char* revision;
        Kind kind;
        const char* description;
    };
    const Known known = GENERATE(
        // The ones that the array programs are compiled for.
        Known{"0x17f0", "0x10", Kind::xdna2, "NPU Strix (PCI 1022:17f0, revision 0x10) at 0000:c5:00.1"},
        Known{"0x17f0", "0x11", Kind::xdna2, "NPU Strix Halo (PCI 1022:17f0, revision 0x11) at 0000:c5:00.1"},
        Known{"0x17f0", "0x20", Kind::xdna2, "NPU Krackan (PCI 1022:17f0, revision 0x20) at 0000:c5:00.1"},
        // A prototype, one to come, and a sysfs that does not report the revision.
        Known{"0x17f0", "0x00", Kind::unknown_revision, "NPU (PCI 1022:17f0, revision 0x00) at 0000:c5:00.1"},
        Known{"0x17f0", "0x30", Kind::unknown_revision, "NPU (PCI 1022:17f0, revision 0x30) at 0000:c5:00.1"},
        Known{"0x17f0", "", Kind::unknown_revision, "NPU (PCI 1022:17f0) at 0000:c5:00.1"},
        // The other generations.
        Known{"0x1502", "0x00", Kind::xdna1,
              "NPU Phoenix or Hawk Point (PCI 1022:1502, revision 0x00) at 0000:c5:00.1"},
        Known{"0x17f1", "0x10", Kind::newer, "NPU (PCI 1022:17f1, revision 0x10) at 0000:c5:00.1"},
        Known{"0x17f1", "0x13", Kind::newer, "NPU (PCI 1022:17f1, revision 0x13) at 0000:c5:00.1"},
        Known{"0x17f2", "0x14", Kind::newer, "NPU (PCI 1022:17f2, revision 0x14) at 0000:c5:00.1"},
        Known{"0x17f3", "0x15", Kind::newer, "NPU (PCI 1022:17f3, revision 0x15) at 0000:c5:00.1"},
        Known{"0x1b0a", "0x00", Kind::newer, "NPU (PCI 1022:1b0a, revision 0x00) at 0000:c5:00.1"},
        Known{"0x1b0b", "0x00", Kind::newer, "NPU (PCI 1022:1b0b, revision 0x00) at 0000:c5:00.1"},
        Known{"0x1b0c", "0x10", Kind::newer, "NPU (PCI 1022:1b0c, revision 0x10) at 0000:c5:00.1"});
    CAPTURE(known.device, known.revision);
    Machine machine;
    machine.programs();
    machine.id(known.device, known.revision);

    const auto npus = npus_on_bus(machine.root.path());
    REQUIRE(npus.size() == 1);
    CHECK(npus[0].kind == known.kind);
    CHECK(describe(npus[0]) == known.description);
    CHECK(npu_at(machine.root.path(), "0000:c5:00.1")->kind == known.kind);

    FakeXrt xrt;
    machine.library.backend = &xrt;
    const bool suitable = npus[0].suitable();
    SECTION("XRT opens it") {
        xrt.devices = 1;
        const NpuStatus status = probe_npu(machine.environment);
        CHECK(status.usable() == suitable);
        CHECK(status.devices.at(0).unsuitable.empty() == suitable);
        CHECK(status.warnings.size() == (known.kind == Kind::unknown_revision ? 1 : 0));
        if (!suitable) {
            REQUIRE(status.problems.size() == 1);
            CHECK(contains(status.problems[0].text, known.description));
            CHECK(contains(status.problems[0].text, "1022:17f0, as in"));
            CHECK(contains(status.problems[0].text, "--device cpu"));
        }
    }
    SECTION("XRT does not find it") {
        const NpuStatus status = probe_npu(machine.environment);
        REQUIRE(status.problems.size() == 1);
        CHECK(contains(status.summary(), std::string("found ") + known.description));
        CHECK((status.problems[0].problem == NpuProblem::not_enumerated) == (known.kind == Kind::xdna2));
    }
    SECTION("there is no driver, which matters only for a suitable NPU") {
        machine.remove("sys/module/amdxdna");
        const NpuStatus status = probe_npu(machine.environment);
        CHECK(status.has(NpuProblem::no_kernel_driver) == suitable);
        CHECK(contains(status.summary(), std::string("found ") + known.description));
    }
}

TEST_CASE("another device of AMD's is an NPU only if amdxdna drives it") {
    Machine machine;
    machine.programs();
    machine.id("0x1999", "0x01");
    CHECK(machine.problems().back() == NpuProblem::no_hardware);
    fs::create_symlink("../../../bus/pci/drivers/snd_pci_acp6x",
                       machine.root / "sys/bus/pci/devices/0000:c5:00.1/driver");
    CHECK(npus_on_bus(machine.root.path()).empty());
    machine.remove("sys/bus/pci/devices/0000:c5:00.1/driver");
    fs::create_symlink("../../../bus/pci/drivers/amdxdna",
                       machine.root / "sys/bus/pci/devices/0000:c5:00.1/driver");
    CHECK(machine.problems().back() == NpuProblem::newer_generation);
    CHECK(contains(machine.text_of(NpuProblem::newer_generation),
                   "NPU (PCI 1022:1999, revision 0x01) at 0000:c5:00.1, which npuscribe does not know"));
}

TEST_CASE("an unsuitable NPU beside a suitable one is only a warning") {
    Machine machine;
    machine.programs();
    machine.write("sys/bus/pci/devices/0000:c6:00.1/vendor", "0x1022");
    machine.write("sys/bus/pci/devices/0000:c6:00.1/device", "0x17f1");
    machine.write("sys/bus/pci/devices/0000:c6:00.1/revision", "0x10");
    FakeXrt xrt;
    xrt.devices = 2;
    machine.library.backend = &xrt;
    const NpuStatus status = probe_npu(machine.environment);
    CHECK(status.usable());
    REQUIRE(status.devices.size() == 2);
    CHECK(status.devices[0].unsuitable.empty());
    CHECK(contains(status.devices[1].unsuitable, "PCI 1022:17f1, revision 0x10"));
    REQUIRE(status.warnings.size() == 1);
    CHECK(status.warnings[0].problem == NpuProblem::newer_generation);
}
