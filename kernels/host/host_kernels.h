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

    // Operands are tiles in the NPU's layout. C is [m × n] in subtiles, with kProgressBytes behind it.
    // Pointers of the other kernel are null.
    struct Bfp16 {
        void (*init)(const uint8_t* header, float* c) = nullptr;
        void (*multiply)(const uint8_t* a, const uint8_t* b, float* c) = nullptr;
        void (*finish)(float* c, int32_t result) = nullptr;  // 0: f32, 1: bfloat16, 2: GELU in BFP16
        void (*put)(float* c, uint8_t* piece) = nullptr;
    } bfp16;
    struct Int8 {
        void (*init)(int32_t* c) = nullptr;
        void (*multiply)(const int8_t* a, const int8_t* b, int32_t* c) = nullptr;
        void (*finish)(int32_t* c, int32_t result) = nullptr;  // 0: int32
        void (*put)(int32_t* c, uint8_t* piece) = nullptr;
    } int8;
};
inline constexpr size_t kProgressBytes = 64;

std::span<const HostKernel> host_kernels();

}  // namespace npuscribe::kernels
