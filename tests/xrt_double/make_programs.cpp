// Writes a directory of array programs for the double: an "xclbin" for each BFP16 program of
// kernels/plan.json, instructions for the shapes of its models, and the manifest that the npu device reads.
//
//   make_test_programs PLAN.json DIRECTORY [NxK...]     NxK: also for weights of these sizes

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>

#include "base/error.h"
#include "base/sha256.h"
#include "container.h"
#include "device/array/array_plan.h"

namespace {

using namespace npuscribe;
namespace fs = std::filesystem;
using nlohmann::json;

json write(const fs::path& directory, const std::string& name, const void* bytes, size_t size,
           const char* key) {
    std::ofstream file(directory / name, std::ios::binary);
    file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    if (!file.flush()) throw OutputError("cannot write " + (directory / name).string());
    return {{key, name}, {"sha256", sha256({static_cast<const uint8_t*>(bytes), size})}};
}

json write_shape(const fs::path& directory, const array::Gemm& gemm) {
    const auto words = xrt_double::write_instructions(
        {gemm.program->name, gemm.m, gemm.k, gemm.n, static_cast<uint32_t>(gemm.result)});
    const std::string name = gemm.program->name + "_" + std::to_string(gemm.m) + "x" +
                             std::to_string(gemm.k) + "x" + std::to_string(gemm.n) + "_" +
                             std::string(array::name(gemm.result)) + ".bin";
    json entry = write(directory, name, words.data(), words.size() * sizeof(uint32_t), "instructions");
    entry.update({{"m", gemm.m}, {"k", gemm.k}, {"n", gemm.n}, {"result", array::name(gemm.result)}});
    return entry;
}

struct WeightSize {
    size_t n = 0, k = 0;
    std::vector<std::string> results = {"sums", "bf16", "gelu_bfp16"};
};

WeightSize parse_size(const std::string& text) {
    const size_t cross = text.find('x');
    if (cross == std::string::npos)
        throw UsageError("'" + text + "' is not a size: expected NxK, such as 384x1536");
    return {std::stoul(text), std::stoul(text.substr(cross + 1)), WeightSize().results};
}

void make(const fs::path& plan_file, const fs::path& directory, const std::vector<WeightSize>& others) {
    std::ifstream in(plan_file);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const json shapes = json::parse(text);
    const array::Plan plan(text);
    fs::create_directories(directory);
    json programs = json::array();
    for (const array::Program& program : plan.programs) {
        if (program.kernel != array::Kernel::bfp16) continue;
        const std::string container = xrt_double::write_container(program.name);
        json entry = write(directory, program.name + ".xclbin", container.data(), container.size(), "xclbin");
        entry["name"] = program.name;
        entry["tile"] = {{"m", program.tile.m}, {"k", program.tile.k}, {"n", program.tile.n}};
        entry["shapes"] = json::array();
        std::vector<WeightSize> sizes;
        for (const size_t state : program.states) {
            for (const json& linear : shapes.at("linears")) {
                sizes.push_back({state * linear.at("n").get<size_t>(), state * linear.at("k").get<size_t>(),
                                 linear.at("results").get<std::vector<std::string>>()});
            }
        }
        for (const WeightSize& other : others) {
            if (&plan.program_for(array::Kernel::bfp16, other.k) == &program) sizes.push_back(other);
        }
        std::set<std::tuple<size_t, size_t, size_t, array::Result>>
            written;  // several sizes may be padded to the same shape
        for (const WeightSize& size : sizes) {
            for (const size_t rows : plan.row_counts) {
                for (const std::string& result : size.results) {
                    const array::Gemm gemm =
                        plan.gemm(program, rows, size.k, size.n, array::parse_result(result));
                    if (!written.emplace(gemm.m, gemm.k, gemm.n, gemm.result).second) continue;
                    entry["shapes"].push_back(write_shape(directory, gemm));
                }
            }
        }
        programs.push_back(std::move(entry));
    }
    std::ofstream manifest(directory / "manifest.json");
    manifest << json{{"format", 2}, {"layout_version", plan.layout_version}, {"programs", programs}}.dump(1)
             << "\n";
    if (!manifest.flush()) throw OutputError("cannot write " + (directory / "manifest.json").string());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: make_test_programs PLAN.json DIRECTORY [NxK...]\n");
        return 2;
    }
    try {
        std::vector<WeightSize> others;
        for (int i = 3; i < argc; ++i) others.push_back(parse_size(argv[i]));
        make(argv[1], argv[2], others);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
