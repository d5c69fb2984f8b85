#include "device/npu/npu_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/error.h"
#include "base/sha256.h"
#include "bfp16/layout.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kManifestFormat = 2;
constexpr const char* kManifestName = "manifest.json";

// Throws json::exception for what is not a whole number from 0 up: a conversion would take any number.
size_t count(const json& object, const char* key) {
    return object.at(key).get_ref<const json::number_unsigned_t&>();
}

NpuProgram read_program(const json& entry, const fs::path& directory) {
    NpuProgram program;
    program.name = entry.at("name").get<std::string>();
    program.tile_m = count(entry.at("tile"), "m");
    program.tile_k = count(entry.at("tile"), "k");
    program.tile_n = count(entry.at("tile"), "n");
    program.xclbin = directory / entry.at("xclbin").get<std::string>();
    program.sha256 = entry.at("sha256").get<std::string>();
    for (const json& given : entry.at("shapes")) {
        NpuShape shape;
        shape.m = count(given, "m");
        shape.k = count(given, "k");
        shape.n = count(given, "n");
        shape.result = array::parse_result(given.at("result").get<std::string>());
        shape.instructions = directory / given.at("instructions").get<std::string>();
        shape.sha256 = given.at("sha256").get<std::string>();
        program.shapes.push_back(std::move(shape));
    }
    return program;
}

}  // namespace

const NpuShape* NpuProgram::find(size_t m, size_t k, size_t n, array::Result result) const {
    const auto found = std::find_if(shapes.begin(), shapes.end(), [&](const NpuShape& shape) {
        return shape.m == m && shape.k == k && shape.n == n && shape.result == result;
    });
    return found == shapes.end() ? nullptr : &*found;
}

const NpuShape* NpuProgram::any(size_t k, size_t n) const {
    const auto found = std::find_if(shapes.begin(), shapes.end(),
                                    [&](const NpuShape& shape) { return shape.k == k && shape.n == n; });
    return found == shapes.end() ? nullptr : &*found;
}

fs::path xclbin_directory() {
    if (const char* given = std::getenv("NPUSCRIBE_XCLBIN_DIR"); given != nullptr && *given != '\0')
        return given;
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    return program.parent_path().parent_path() / "share" / "npuscribe" / "xclbin";
}

NpuPrograms::NpuPrograms(const fs::path& directory) : directory_(directory) {
    const fs::path file = directory / kManifestName;
    std::ifstream in(file);
    if (!in) {
        why_empty_ = fmt::format(
            "there are no array programs: {} does not exist; build them with mlir-aie (kernels/README.md), "
            "or set NPUSCRIBE_XCLBIN_DIR to their directory",
            file.string());
        return;
    }
    try {
        const json manifest = json::parse(in);
        const size_t format = count(manifest, "format");
        if (format != kManifestFormat) {
            throw DeviceError(fmt::format(
                "{} is of format {}, and this npuscribe reads format {}: build the array programs again",
                file.string(), format, kManifestFormat));
        }
        const size_t layout = count(manifest, "layout_version");
        if (layout != bfp16::kLayoutVersion) {
            throw DeviceError(
                fmt::format("the array programs in {} were built for version {} of the tile layout, and this "
                            "npuscribe writes version {}: build them again",
                            directory.string(), layout, bfp16::kLayoutVersion));
        }
        for (const json& entry : manifest.at("programs")) programs_.push_back(read_program(entry, directory));
    } catch (const json::exception& error) {
        throw DeviceError(
            fmt::format("{} is damaged: {}; build the array programs again", file.string(), error.what()));
    }
    if (programs_.empty())
        why_empty_ = fmt::format("{} lists no array program; build them again", file.string());
}

size_t NpuPrograms::shapes() const {
    size_t count = 0;
    for (const NpuProgram& program : programs_) count += program.shapes.size();
    return count;
}

const NpuProgram* NpuPrograms::find(const std::string& name) const {
    for (const NpuProgram& program : programs_) {
        if (program.name == name) return &program;
    }
    return nullptr;
}

std::string NpuPrograms::describe() const {
    if (programs_.empty()) return "no array program";
    std::string text;
    for (const NpuProgram& program : programs_) {
        text +=
            fmt::format("{}{} ({} shapes)", text.empty() ? "" : ", ", program.name, program.shapes.size());
    }
    return text;
}

std::vector<uint8_t> read_verified(const fs::path& file, const std::string& expected) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        throw DeviceError(fmt::format(
            "{} cannot be read, but its manifest lists it: build the array programs again", file.string()));
    }
    std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const std::string actual = sha256(bytes);
    if (actual != expected) {
        throw DeviceError(
            fmt::format("{} is not the file that its manifest lists (SHA-256 {}… instead of {}…): build the "
                        "array programs again",
                        file.string(), actual.substr(0, 16), expected.substr(0, 16)));
    }
    return bytes;
}

}  // namespace npuscribe
