#pragma once
// What stands in for xclbins and instruction streams where there is no NPU: files that the double takes for a
// program of kernels/plan.json and that a real XRT refuses.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace npuscribe::xrt_double {

/// An "xclbin": a line that names it, then the name of the program.
std::string write_container(const std::string& program);
/// The program's name; nothing where `bytes` are no such file.
std::optional<std::string> read_container(const std::string& bytes);

/// Instructions for one padded matmul of a program.
struct Instructions {
    std::string program;
    size_t m = 0, k = 0, n = 0;
};
std::vector<uint32_t> write_instructions(const Instructions&);
std::optional<Instructions> read_instructions(std::span<const uint32_t> words);

}  // namespace npuscribe::xrt_double
