// The module on the installed XRT, as far as that can be tested without an NPU.

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "catch.h"
#include "container.h"
#include "device/npu/xrt_loader.h"
#include "needs.h"
#include "temporary_directory.h"

using namespace npuscribe;
using test::contains;
using test::message_of;
using xrt_backend::Failure;
using xrt_backend::XrtError;

namespace {

namespace fs = std::filesystem;

/// [needs-xrt]
xrt_backend::Backend& need_xrt() {
    const XrtLibrary& library = xrt_library();
    if (library.problem == XrtProblem::no_library)
        test::skip("needs-xrt", "no XRT is installed (Debian's libxrt2)");
    INFO(library.detail);
    REQUIRE(library.problem == XrtProblem::none);
    return *library.backend;
}

/// The metadata that mlir-aie's aiecc gives xclbinutil, around a program of zeros.
std::string make_xclbin(const test::TemporaryDirectory& directory, const std::string& kernel) {
    directory.write("zeros.pdi", std::string(4096, '\0'));
    directory.write("memory.json", R"({"mem_topology": {"m_count": "2", "m_mem_data": [
        {"m_type": "MEM_DRAM", "m_used": "1", "m_sizeKB": "0x10000", "m_tag": "HOST", "m_base_address": "0x4000000"},
        {"m_type": "MEM_DRAM", "m_used": "1", "m_sizeKB": "0xc000", "m_tag": "SRAM", "m_base_address": "0x4000000"}]}})");
    directory.write("kernels.json",
                    R"({"ps-kernels": {"kernels": [{"name": ")" + kernel + R"(", "type": "dpu",
        "extended-data": {"subtype": "DPU", "functional": "0", "dpu_kernel_id": "0x901"},
        "arguments": [
            {"name": "opcode", "address-qualifier": "SCALAR", "type": "uint64_t", "offset": "0x00"},
            {"name": "instr", "memory-connection": "SRAM", "address-qualifier": "GLOBAL", "type": "char *", "offset": "0x8"},
            {"name": "ninstr", "address-qualifier": "SCALAR", "type": "uint32_t", "offset": "0x10"},
            {"name": "bo0", "memory-connection": "HOST", "address-qualifier": "GLOBAL", "type": "void*", "offset": "0x14"},
            {"name": "bo1", "memory-connection": "HOST", "address-qualifier": "GLOBAL", "type": "void*", "offset": "0x1c"},
            {"name": "bo2", "memory-connection": "HOST", "address-qualifier": "GLOBAL", "type": "void*", "offset": "0x24"}],
        "instances": [{"name": "MLIRAIE"}]}]}})");
    directory.write("partition.json", R"({"aie_partition": {"name": "QoS", "operations_per_cycle": "2048",
        "inference_fingerprint": "23423", "pre_post_fingerprint": "12345",
        "partition": {"column_width": 8, "start_columns": [0]},
        "PDIs": [{"uuid": "6e1f3c0a-52a1-4c52-9d9c-2b1f0f0a7a11", "file_name": "zeros.pdi",
            "cdo_groups": [{"name": "DPU", "type": "PRIMARY", "pdi_id": "0x01", "dpu_kernel_ids": ["0x901"],
                "pre_cdo_groups": ["0xC1"]}]}]}})");
    const std::string command =
        "cd " + directory.path().string() +
        " && xclbinutil --force --add-replace-section MEM_TOPOLOGY:JSON:memory.json"
        " --add-kernel kernels.json --add-replace-section AIE_PARTITION:JSON:partition.json"
        " --output made.xclbin >log 2>&1";
    if (std::system(command.c_str()) != 0) return {};
    return (directory / "made.xclbin").string();
}

}  // namespace

TEST_CASE("the module runs on the installed XRT, and finds no device", "[needs-xrt][needs-no-npu]") {
    auto& xrt = need_xrt();
    const std::string version = xrt.running_version();
    CHECK(std::stoi(version) == 2);
    CHECK(std::stoi(version.substr(version.find('.') + 1)) >= 17);
    if (xrt.count_devices() != 0) test::skip("needs-no-npu", "XRT " + version + " finds a device");
    try {
        xrt.open_device(0);
        FAIL("a device was opened that is not there");
    } catch (const XrtError& error) {
        CHECK(error.failure() == Failure::no_device);
    }
}

TEST_CASE("XRT refuses files that are not xclbins, including the double's stand-ins", "[needs-xrt]") {
    auto& xrt = need_xrt();
    const test::TemporaryDirectory directory;
    for (const auto& file :
         {directory.write("stand-in.xclbin", xrt_double::write_container("bfp16_64x64x64")),
          directory.write("longer.xclbin", xrt_double::write_container(std::string(100'000, 'x'))),
          directory / "missing.xclbin"}) {
        try {
            xrt.find_kernel(file.string(), "MLIR_AIE");
            FAIL(file << " was taken");
        } catch (const XrtError& error) {
            CHECK(error.failure() == Failure::bad_program);
        }
    }
}

TEST_CASE("XRT reads an xclbin like mlir-aie's, and the kernel is found by the start of its name",
          "[needs-xrt][needs-xclbinutil]") {
    auto& xrt = need_xrt();
    const test::TemporaryDirectory directory;
    const std::string file = make_xclbin(directory, "MLIR_AIE");
    if (file.empty()) test::skip("needs-xclbinutil", "xclbinutil is not installed (Debian's libxrt-utils)");
    CHECK(xrt.find_kernel(file, "MLIR_AIE") == "MLIR_AIE");
    CHECK(contains(message_of<XrtError>([&] { xrt.find_kernel(file, "OTHER"); }), "but: MLIR_AIE"));
}
