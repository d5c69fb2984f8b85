#include "device/array/array_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace npuscribe::array {
namespace {

double real(size_t value) {
    return static_cast<double>(value);
}

// Cycles between a load and the first product of what it loads, and between a product and the store of its
// sum, where nothing else runs meanwhile: the depths of AIE2P's pipelines, roughly.
constexpr double kLatency = 20;
// Operations of GELU and of rounding to BFP16, counted in kernels/aie2p/gelu.h and mm_bfp16.cc for 16 values:
// products, conversions, and the rest. A vector goes through 13 of them one after the other, each of some
// five cycles, and four vectors are under way together.
constexpr double kGeluProducts = 15, kGeluConversions = 8, kGeluOthers = 6, kGeluChain = 13 * 5;

double streamed(double bytes, const Assumptions& assume) {
    return bytes / assume.stream_bytes_per_cycle;
}

}  // namespace

LoopCycles multiply_cycles(Kernel kernel, const Tile& tile, const Assumptions& assume) {
    const bool bfp16 = kernel == Kernel::bfp16;
    const double macs = bfp16 ? assume.bfp16_macs_per_cycle : assume.int8_macs_per_cycle;
    // A group is 2 × 2 subtiles of C over the tile's K.
    const double groups = real(tile.m / 16 * (tile.n / 16));
    const double products = 4.0 * 8 * 8 * real(tile.k) / macs;
    const double subtiles = 4 * real(tile.k / 8) * (bfp16 ? 72 : 64), sums = 4 * 64 * 4;
    const double loads = (subtiles + sums) / assume.vector_bytes / 2, stores = sums / assume.vector_bytes;
    return {groups * std::max({products, loads, stores}), groups * (products + loads + stores + kLatency)};
}

LoopCycles finish_cycles(const Program& program, Result result) {
    const double vectors = real(program.tile.m * program.tile.n) / 64;  // of 64 values
    const double put = real(program.c_tile_bytes(result)) / 64;         // a load and a store each
    switch (result) {
        case Result::bf16:  // four loads, a conversion of 64 lanes, two stores
            return {vectors * 4 + put, vectors * 16 + 3 * put};
        case Result::gelu_bfp16:
            return {vectors * 4 * kGeluProducts + put,
                    vectors * (4 * (kGeluProducts + kGeluConversions + kGeluOthers) + kGeluChain) + 3 * put};
        default:
            return {put, 3 * put};
    }
}

Work work_of(const Gemm& gemm, const Assumptions& assume) {
    const Program& program = *gemm.program;
    const Plan& plan = Plan::built_in();
    Work work;
    work.groups = real(gemm.groups());
    work.k_tiles = real(gemm.k_tiles());
    work.a_tile_bytes = real(program.a_tile_bytes());
    work.b_tile_bytes = real(program.b_tile_bytes());
    if (program.kernel == Kernel::bfp16) work.header_bytes = work.b_tile_bytes;
    work.multiply = multiply_cycles(program.kernel, program.tile, assume);
    work.finish = finish_cycles(program, gemm.result);
    work.sum_bytes = real(program.tile.m * program.tile.n) * 4;
    const size_t pieces = program.pieces(gemm.result);
    work.waiting_bytes = real((pieces - std::min(pieces, plan.core_buffers.c)) * program.piece_bytes());
    work.group_c_bytes = real(program.c_tile_bytes(gemm.result) * gemm.rows);
    // Each group reads its rows of A and its columns of B again.
    work.bytes_read = real(gemm.column_groups() * gemm.a_bytes() + gemm.row_groups() * gemm.b_bytes());
    work.bytes_written = real(gemm.c_bytes());
    work.products =
        real(program.tile.m * program.tile.k * program.tile.n) /
        (program.kernel == Kernel::bfp16 ? assume.bfp16_macs_per_cycle : assume.int8_macs_per_cycle) *
        work.k_tiles * work.groups;
    return work;
}

std::vector<std::string> Assumptions::describe() {
    const Assumptions best(Case::best), worst(Case::worst);
    return {
        fmt::format("clock {:.2f} GHz: 1760 GFLOP/s measured on one tile at 95 % of its peak (Uni Jena)",
                    best.clock_hz * 1e-9),
        fmt::format("{:.0f} bfp16 multiply-adds a cycle and tile: AIE2P's 8 x 8 x 8",
                    best.bfp16_macs_per_cycle),
        fmt::format(
            "{:.0f} int8 multiply-adds a cycle and tile: iree-amd-aie #1198; other sources say twice that",
            best.int8_macs_per_cycle),
        fmt::format("{:.0f} bytes a cycle through each DMA channel", best.stream_bytes_per_cycle),
        "a core's loads, products and stores, counted in the kernels' loops: from all at once to one after "
        "the "
        "other",
        fmt::format("{:.0f} to {:.0f} GB/s of memory for reads and writes together: Krackan and Strix",
                    worst.dram_bytes_per_second * 1e-9, best.dram_bytes_per_second * 1e-9),
        fmt::format("{:.2f} to {:.2f} ms to dispatch a run: xrt-smi validate on Strix Halo (IRON #55), and a "
                    "whole 512 x 512 x 512 GEMM through XRT on XDNA1 (whisper-xdna)",
                    best.dispatch_seconds * 1e3, worst.dispatch_seconds * 1e3),
    };
}

std::string ModelledTime::bound_by() const {
    if (dram >= array) return "DRAM";
    if (drain >= cores) return "C's way out";
    return loops < cores ? "DMA into the cores" : "the cores' loops";
}

ModelledTime model(const Work& work, const Assumptions& assume, double dispatches) {
    const auto seconds = [&](double cycles) { return cycles / assume.clock_hz; };
    const double multiply = work.multiply.at(assume.overlap);
    // A and B each come through a channel of their own while the tile before is multiplied.
    const double step =
        std::max({multiply, streamed(work.a_tile_bytes, assume), streamed(work.b_tile_bytes, assume)});
    const double other = work.sum_bytes / assume.vector_bytes + streamed(work.header_bytes, assume) +
                         work.finish.at(assume.overlap) + streamed(work.waiting_bytes, assume);
    const double cores = work.k_tiles * step + other, drain = streamed(work.group_c_bytes, assume);

    ModelledTime time;
    time.bytes_read = static_cast<uint64_t>(work.bytes_read);
    time.bytes_written = static_cast<uint64_t>(work.bytes_written);
    time.compute = seconds(work.products);
    time.cores = seconds(work.groups * cores);
    time.loops = seconds(work.groups * (work.k_tiles * multiply + other));
    time.drain = seconds(work.groups * drain);
    // Nothing overlaps the first group's start or the last group's C, which goes from tile to memory tile to
    // memory.
    const double cycles = work.groups * std::max(cores, drain) + std::min(cores, drain) +
                          streamed(work.group_c_bytes, assume) / real(Plan::built_in().rows);
    time.cycles = static_cast<uint64_t>(std::llround(cycles));
    time.array = seconds(cycles);
    time.dram = (work.bytes_read + work.bytes_written) / assume.dram_bytes_per_second;
    time.dispatch = dispatches * assume.dispatch_seconds;
    time.total = time.dispatch + std::max(time.array, time.dram);
    return time;
}

ModelledTime model(const Gemm& gemm, const Assumptions& assume, double dispatches) {
    return model(work_of(gemm, assume), assume, dispatches);
}

}  // namespace npuscribe::array
