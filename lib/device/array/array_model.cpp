#include "device/array/array_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace npuscribe::array {
namespace {

/// The cycles of one group of tiles, in which every core computes one tile of C.
struct GroupCycles {
    double compute = 0, cores = 0, drain = 0;
};

GroupCycles group_cycles(const Gemm& gemm, const Assumptions& assume) {
    const Program& program = *gemm.program;
    const Tile& tile = program.tile;
    const bool bfp16 = program.kernel == Kernel::bfp16;
    const double macs = bfp16 ? assume.bfp16_macs_per_cycle : assume.int8_macs_per_cycle;
    const auto streamed = [&](size_t bytes) {
        return static_cast<double>(bytes) / assume.stream_bytes_per_cycle;
    };
    const double k_tiles = static_cast<double>(gemm.k_tiles());
    const double multiply = static_cast<double>(tile.m * tile.k * tile.n) / macs / assume.kernel_efficiency;

    GroupCycles cycles;
    cycles.compute = k_tiles * multiply;
    // A and B each come through a channel of their own while the tile before is multiplied.
    cycles.cores =
        k_tiles * std::max({multiply, streamed(program.a_tile_bytes()), streamed(program.b_tile_bytes())});
    cycles.cores +=
        static_cast<double>(program.c_tile_bytes()) / assume.store_bytes_per_cycle;  // C's start values
    if (bfp16) cycles.cores += streamed(program.b_tile_bytes());                     // the bias
    cycles.drain = streamed(program.c_tile_bytes() * gemm.rows);
    return cycles;
}

void count_bytes(const Gemm& gemm, ModelledTime& time) {
    // Each group reads its rows of A and its columns of B again.
    time.bytes_read = gemm.column_groups() * gemm.a_bytes() + gemm.row_groups() * gemm.b_bytes();
    time.bytes_written = gemm.c_bytes();
}

}  // namespace

std::vector<std::string> Assumptions::describe() const {
    return {
        fmt::format("clock {:.2f} GHz, {:.0f} % of peak reached in a tile: 1760 GFLOP/s measured on one tile "
                    "(Uni Jena)",
                    clock_hz * 1e-9, kernel_efficiency * 100),
        fmt::format("{:.0f} bfp16 multiply-adds a cycle and tile: AIE2P's 8 x 8 x 8", bfp16_macs_per_cycle),
        fmt::format(
            "{:.0f} int8 multiply-adds a cycle and tile: iree-amd-aie #1198; other sources say twice that",
            int8_macs_per_cycle),
        fmt::format("{:.0f} bytes a cycle through each DMA channel", stream_bytes_per_cycle),
        fmt::format(
            "{:.1f} GB/s of memory for reads and writes together: read by the NPU of Krackan (xdna-engine)",
            dram_bytes_per_second * 1e-9),
        fmt::format("{:.2f} ms to dispatch a run: a whole 512 x 512 x 512 GEMM through XRT on XDNA1 "
                    "(whisper-xdna), an upper bound",
                    dispatch_seconds * 1e3),
    };
}

ModelledTime model(const Gemm& gemm, const Assumptions& assume, double dispatches) {
    const GroupCycles group = group_cycles(gemm, assume);
    const double groups = static_cast<double>(gemm.groups());
    const auto seconds = [&](double cycles) { return cycles / assume.clock_hz; };

    ModelledTime time;
    count_bytes(gemm, time);
    time.compute = seconds(groups * group.compute);
    time.cores = seconds(groups * group.cores);
    time.drain = seconds(groups * group.drain);
    // The first group's loads and the last group's C, on its way to memory, overlap with nothing.
    const double cycles = groups * std::max(group.cores, group.drain) + std::min(group.cores, group.drain) +
                          static_cast<double>(gemm.program->c_tile_bytes()) / assume.stream_bytes_per_cycle;
    time.cycles = static_cast<uint64_t>(std::llround(cycles));
    time.array = seconds(cycles);
    time.dram = static_cast<double>(time.bytes_read + time.bytes_written) / assume.dram_bytes_per_second;
    time.dispatch = dispatches * assume.dispatch_seconds;
    time.total = time.dispatch + std::max(time.array, time.dram);
    return time;
}

}  // namespace npuscribe::array
