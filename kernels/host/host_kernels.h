// SPDX-License-Identifier: MIT
#pragma once
// The NPU's kernels, compiled for this CPU, with one entry for each tile of kernels/plan.json and each kind
// of CPU.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace npuscribe::kernels {

struct HostKernel {
    std::string_view kernel;  // "bfp16", "int8"
    size_t m, k, n;           // the tile
    std::string_view cpu;     // "baseline", or "avx2", which needs AVX2 and FMA

    // Operands are tiles in the NPU's layout, and C is [m × n] in subtiles. The other kernel's functions are
    // null.
    void (*bfp16_init)(const uint8_t* header, float* c);
    void (*bfp16_multiply)(const uint8_t* a, const uint8_t* b, float* c);
    void (*int8_init)(int32_t* c);
    void (*int8_multiply)(const int8_t* a, const int8_t* b, int32_t* c);
};

std::span<const HostKernel> host_kernels();

}  // namespace npuscribe::kernels
