#pragma once
// A model of how long the array would take for a matmul. It has not been compared with an NPU, so every
// number that comes from it is called modelled and printed together with the assumptions below.

#include <cstdint>
#include <string>
#include <vector>

#include "device/array/array_plan.h"

namespace npuscribe::array {

/// What the model assumes of the NPU, with sources.
struct Assumptions {
    double clock_hz = 1.81e9;           // 1760 GFLOP/s measured on one tile at 95 % of its peak (Uni Jena)
    double bfp16_macs_per_cycle = 512;  // and tile: 8 × 8 × 8 (AIE2P ISA)
    double int8_macs_per_cycle = 512;   // the same (iree-amd-aie #1198; xdna-engine says twice that)
    double kernel_efficiency = 0.95;    // the measurement above
    double stream_bytes_per_cycle = 4;  // one DMA channel: 32 bits
    double store_bytes_per_cycle = 64;  // a core's stores: 512 bits
    /// Measured for reads by the NPU (xdna-engine, Krackan); assumed here for reads and writes together.
    double dram_bytes_per_second = 52.7e9;
    /// A whole 512³ GEMM through raw XRT on XDNA1 (whisper-xdna): an upper bound.
    double dispatch_seconds = 0.27e-3;

    /// One line for each, with its source, for people.
    std::vector<std::string> describe() const;
};

/// The time of one matmul that has the array to itself, in seconds unless it says otherwise.
struct ModelledTime {
    double compute = 0;  // multiplying, if there were nothing else to do
    double cores = 0;    // the cores: multiplying, or waiting for A and B through their DMA channels
    double drain = 0;    // C through the shim tiles, one channel a column
    double dram = 0;     // A, B and C through memory
    double array = 0;    // the slower of cores and drain, with filling and emptying the pipeline
    double dispatch = 0;
    double total = 0;     // dispatch + the slower of array and memory
    uint64_t cycles = 0;  // of array
    uint64_t bytes_read = 0;
    uint64_t bytes_written = 0;
};

/// `dispatches` is 1 for a run of its own and 0 for any later run of a runlist.
ModelledTime model(const Gemm&, const Assumptions& = {}, double dispatches = 1);

}  // namespace npuscribe::array
