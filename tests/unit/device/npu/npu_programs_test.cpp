#include "device/npu/npu_programs.h"

#include <string>

#include "base/error.h"
#include "catch.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

std::string error_of(const TemporaryDirectory& directory) {
    return message_of<DeviceError>([&] { NpuPrograms programs(directory.path()); });
}

}  // namespace

TEST_CASE("a manifest names array programs and their shapes") {
    const TemporaryDirectory directory;
    directory.write("manifest.json", R"({"format": 2, "layout_version": 2, "programs": [
        {"name": "bfp16_64x64x64", "tile": {"m": 64, "k": 32, "n": 16}, "xclbin": "a.xclbin", "sha256": "12ab",
         "shapes": [{"m": 512, "k": 384, "n": 1536, "result": "bf16", "instructions": "a.bin", "sha256": "34cd"},
                    {"m": 256, "k": 384, "n": 1536, "result": "bf16", "instructions": "b.bin", "sha256": "56ef"}]}]})");
    const NpuPrograms programs(directory.path());
    CHECK(programs.shapes() == 2);
    CHECK(programs.find("bfp16_64x64x48") == nullptr);
    const NpuProgram* program = programs.find("bfp16_64x64x64");
    REQUIRE(program != nullptr);
    CHECK(program->tile_m == 64);
    CHECK(program->tile_k == 32);
    CHECK(program->tile_n == 16);
    CHECK(program->xclbin == directory / "a.xclbin");
    CHECK(program->find(512, 384, 384, array::Result::sums) == nullptr);
    REQUIRE(program->find(256, 384, 1536, array::Result::bf16) != nullptr);
    CHECK(program->find(256, 384, 1536, array::Result::bf16)->instructions == directory / "b.bin");
    CHECK(contains(programs.describe(), "bfp16_64x64x64 (2 shapes)"));
}

TEST_CASE("a directory without a manifest has no programs, and says why") {
    const TemporaryDirectory directory;
    const NpuPrograms programs(directory.path());
    CHECK(programs.shapes() == 0);
    CHECK(contains(programs.why_empty(), "manifest.json does not exist"));
}

TEST_CASE("a manifest that cannot be trusted is refused") {
    const TemporaryDirectory directory;
    directory.write("manifest.json", "{\"format\": 2, ");
    CHECK(contains(error_of(directory), "is damaged"));
    directory.write("manifest.json", R"({"format": 2, "layout_version": 2, "programs": [{"name": "p"}]})");
    CHECK(contains(error_of(directory), "is damaged"));
    directory.write("manifest.json", R"({"format": 2e80, "layout_version": 2, "programs": []})");
    CHECK(contains(error_of(directory), "is damaged"));
    directory.write("manifest.json", R"({"format": 2, "layout_version": -2, "programs": []})");
    CHECK(contains(error_of(directory), "is damaged"));
    directory.write("manifest.json", R"({"format": 1, "layout_version": 2, "programs": []})");
    CHECK(contains(error_of(directory), "is of format 1"));
    directory.write("manifest.json", R"({"format": 2, "layout_version": 99, "programs": []})");
    CHECK(contains(error_of(directory), "were built for version 99 of the tile layout"));
}

TEST_CASE("a file is used only if its SHA-256 is the manifest's") {
    const TemporaryDirectory directory;
    directory.write("a.xclbin", "abc");
    const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    CHECK(read_verified(directory / "a.xclbin", abc) == std::vector<uint8_t>{'a', 'b', 'c'});
    directory.write("a.xclbin", "abd");
    CHECK(contains(message_of<DeviceError>([&] { read_verified(directory / "a.xclbin", abc); }),
                   "is not the file that its manifest lists"));
    CHECK(contains(message_of<DeviceError>([&] { read_verified(directory / "b.xclbin", abc); }),
                   "cannot be read"));
}
