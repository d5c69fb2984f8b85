#pragma once
// How long the array would take for a matmul. No one here has an NPU: every number that comes from this is
// called modelled, and stands on the assumptions below, which are printed with it. Those that are not known
// well are ranges, and so are the times.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "device/array/array_plan.h"

namespace npuscribe::array {

/// Which end of every range is assumed.
enum class Case { best, middle, worst };
inline constexpr std::array kCases = {Case::best, Case::middle, Case::worst};

/// What is known too little to be one number.
struct Range {
    double best = 0, worst = 0;
    double at(Case which) const {
        return which == Case::best ? best : which == Case::worst ? worst : (best + worst) / 2;
    }
};

// With their sources.
/// From submission to completion of an empty run: xrt-smi validate on Strix Halo (IRON issue 55); a whole
/// 512³ GEMM through raw XRT on XDNA1 (whisper-xdna).
inline constexpr Range kDispatchSeconds{0.052e-3, 0.27e-3};
/// Reads and writes together: 63 to 70 GB/s on Strix, 47 to 57 on Krackan.
inline constexpr Range kDramBytesPerSecond{70e9, 47e9};

struct Assumptions {
    Assumptions() : Assumptions(Case::middle) {}
    explicit Assumptions(Case which)
        : dram_bytes_per_second(kDramBytesPerSecond.at(which)),
          dispatch_seconds(kDispatchSeconds.at(which)),
          overlap(which == Case::best    ? 1
                  : which == Case::worst ? 0
                                         : 0.5) {}

    double clock_hz = 1.81e9;           // 1760 GFLOP/s measured on one tile at 95 % of its peak (Uni Jena)
    double bfp16_macs_per_cycle = 512;  // and tile: 8 × 8 × 8 (AIE2P ISA)
    double int8_macs_per_cycle = 512;   // the same (iree-amd-aie #1198; xdna-engine says twice that)
    double stream_bytes_per_cycle = 4;  // one DMA channel: 32 bits
    double vector_bytes = 64;           // a load or a store; a core does two loads and one store a cycle
    double dram_bytes_per_second;
    double dispatch_seconds;
    double overlap;  // 1: a core's loads, products and stores overlap; 0: they follow each other

    /// One line each, with source, for people; ranges as ranges.
    static std::vector<std::string> describe();
};

/// Cycles of a core's loop, counted in the source of the kernels: what one step takes if the compiler
/// overlaps all of it, and if it overlaps nothing.
struct LoopCycles {
    double best = 0, worst = 0;
    double at(double overlap) const { return worst + (best - worst) * overlap; }
};
/// The product of one tile of A and one of B.
LoopCycles multiply_cycles(Kernel, const Tile&, const Assumptions&);
/// What makes a result of a tile's sums, and copies it to the buffers that leave the core.
LoopCycles finish_cycles(const Program&, Result);

/// Work of the array, whatever its design: groups of tiles, all cores one tile each.
struct Work {
    double groups = 0;
    double k_tiles = 0;
    double a_tile_bytes = 0, b_tile_bytes = 0;  // through a channel each into a core
    double header_bytes = 0;                    // the bias, before the tiles of B
    LoopCycles multiply, finish;                // a tile of K; a tile of C
    double sum_bytes = 0;                       // that a core starts
    double waiting_bytes = 0;  // of a result that a core has no buffers for: it waits until they have left
    double group_c_bytes = 0;  // of a column's cores, through one channel
    double bytes_read = 0, bytes_written = 0;
    double products = 0;  // cycles that the products alone take
};
Work work_of(const Gemm&, const Assumptions&);

/// Seconds and cycles of one matmul that has the array to itself.
struct ModelledTime {
    double compute = 0;  // products, were there nothing else
    double cores = 0;    // the cores: multiplying, waiting for A and B through their DMA channels, finishing
    double loops = 0;    // the cores, if A and B came at once
    double drain = 0;    // C through the shim tiles, one channel a column
    double dram = 0;     // A, B and C through memory
    double array = 0;    // the slower of cores and drain, with filling and emptying the pipeline
    double dispatch = 0;
    double total = 0;     // dispatch + the slower of array and memory
    uint64_t cycles = 0;  // of array
    uint64_t bytes_read = 0;
    uint64_t bytes_written = 0;

    /// What takes longest: "DRAM", "C's way out", "DMA into the cores", "the cores' loops".
    std::string bound_by() const;
};

/// `dispatches`: 1 for a run of its own, 0 for a later one of a runlist.
ModelledTime model(const Work&, const Assumptions& = {}, double dispatches = 1);
ModelledTime model(const Gemm&, const Assumptions& = {}, double dispatches = 1);

}  // namespace npuscribe::array
