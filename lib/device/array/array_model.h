#pragma once
// How long the array would take for a matmul. No one here has an NPU: every number that comes from this is
// called modelled, and stands on the assumptions below, which are printed with it.

#include <cstdint>
#include <string>
#include <vector>

#include "device/array/array_plan.h"

namespace npuscribe::array {

/// With their sources, as DESIGN.md's table of the NPU has them.
struct Assumptions {
    double clock_hz = 1.81e9;           // 1760 GFLOP/s measured on one tile at 95 % of its peak (Uni Jena)
    double bfp16_macs_per_cycle = 512;  // and tile: 8 × 8 × 8 (AIE2P ISA)
    double int8_macs_per_cycle = 512;   // the same (iree-amd-aie #1198; xdna-engine says twice that)
    double kernel_efficiency = 0.95;    // the measurement above
    double stream_bytes_per_cycle = 4;  // one DMA channel: 32 bits
    double store_bytes_per_cycle = 64;  // a core's stores: 512 bits
    double dram_bytes_per_second =
        52.7e9;  // read by the NPU (xdna-engine, Krackan); taken for reads and writes together
    double dispatch_seconds =
        0.27e-3;  // a whole 512³ GEMM through raw XRT on XDNA1 (whisper-xdna): an upper bound

    /// One line each, with source, for people.
    std::vector<std::string> describe() const;
};

/// Seconds and cycles of one matmul that has the array to itself.
struct ModelledTime {
    double compute = 0;  // multiplying, were there nothing else
    double cores = 0;    // the cores: multiplying, or waiting for A and B through their DMA channels
    double drain = 0;    // C through the shim tiles, one channel a column
    double dram = 0;     // A, B and C through memory
    double array = 0;    // the slower of cores and drain, with filling and emptying the pipeline
    double dispatch = 0;
    double total = 0;     // dispatch + the slower of array and memory
    uint64_t cycles = 0;  // of array
    uint64_t bytes_read = 0;
    uint64_t bytes_written = 0;

    /// What takes longest: "DRAM", "DMA into the cores", "C's way out", "multiplying".
    std::string bound_by() const;
};

/// `dispatches`: 1 for a run of its own, 0 for a later one of a runlist.
ModelledTime model(const Gemm&, const Assumptions& = {}, double dispatches = 1);

}  // namespace npuscribe::array
