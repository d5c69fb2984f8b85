#pragma once
// Stand-ins for xclbins and instruction streams. The double accepts them as a program of kernels/plan.json; a
// real XRT refuses them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace npuscribe::xrt_double {

/// An "xclbin": a line that names it, then the name of the program.
std::string write_container(const std::string& program);
/// The program's name, or nothing if `bytes` are not such a file.
std::optional<std::string> read_container(const std::string& bytes);

/// Instructions for one padded matmul of a program.
struct Instructions {
    std::string program;
    size_t m = 0, k = 0, n = 0;
    uint32_t result = 0;  // an array::Result
};
std::vector<uint32_t> write_instructions(const Instructions&);
std::optional<Instructions> read_instructions(std::span<const uint32_t> words);

}  // namespace npuscribe::xrt_double
