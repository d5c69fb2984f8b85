#pragma once
// The emulated AIE2P array: the kernels of kernels/, compiled for this CPU, over the bytes that an NPU would
// get. Every core computes its own tile of C, over its tiles of K in order. Each core and each memory tile
// has a buffer of the real size, and everything that it holds must fit into that.

#include <cstddef>
#include <cstdint>
#include <span>

#include "device/array/array_plan.h"

namespace npuscribe {
class ThreadPool;
}

namespace npuscribe::array {

/// The bytes that crossed each border of the array, and the work of its cores.
struct Traffic {
    uint64_t dram_read = 0;     // shim tiles: A and B
    uint64_t dram_written = 0;  // shim tiles: C
    uint64_t core_read = 0;     // into the memories of all cores together
    uint64_t core_written = 0;
    uint64_t kernel_calls = 0;
    uint64_t macs = 0;  // multiply-adds, padding included

    Traffic& operator+=(const Traffic&);
};

/// One matmul. `a`, `b` and `c` are in the layouts of `gemm`. The result does not depend on the number of
/// threads or on the CPU. Throws DeviceError if a buffer has the wrong size or this build has no kernels for
/// the program's tile.
Traffic run(const Plan&, const Gemm&, std::span<const uint8_t> a, std::span<const uint8_t> b,
            std::span<uint8_t> c, ThreadPool&);

}  // namespace npuscribe::array
