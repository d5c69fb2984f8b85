#include <fmt/format.h>

#include <algorithm>

#include "bench/benchmarks.h"
#include "bench/limits.h"
#include "bench/pipeline_stages.h"
#include "device/cpu/cpu_info.h"

namespace npuscribe::bench {
namespace {

/// One window of the encoder on more cores of this kind: its operations at their rate together, beside the
/// memory traffic if nothing that is written stays in a cache until it is read.
Table on_more_cores(const Limits& limits, GemmType type, const Dimensions& dimensions, size_t frames,
                    size_t threads) {
    const size_t element = type == GemmType::bf16 ? 2 : 4;
    Work all;
    for (const Work& work :
         {stem_work(dimensions, frames, element), matmul_work(dimensions, frames, element),
          attention_work(dimensions, frames, element), quantise_work(dimensions, frames, element)}) {
        all.flops += work.flops;
        all.bytes += work.bytes;
    }
    const double one = limits.layer_flops(type) / static_cast<double>(threads);
    Table table{fmt::format("One window of the encoder on more cores of this kind, {}",
                            type == GemmType::bf16 ? "bf16" : "f32"),
                {{"cores", ""},
                 {"rate", "GFLOP/s"},
                 {"window", "ms"},
                 {"memory traffic", "MB"},
                 {"bandwidth to keep up", "GB/s"}},
                {}};
    for (const size_t cores : {8, 16, 32}) {
        const double rate = one * static_cast<double>(cores), seconds = all.flops / rate;
        table.rows.push_back({{static_cast<double>(cores), rate / 1e9, 1e3 * seconds, all.bytes / 1e6,
                               all.bytes / seconds / 1e9},
                              Origin::modelled});
    }
    return table;
}

}  // namespace

Result roofline(const Dimensions& dimensions, size_t frames, ThreadPool& pool, size_t runs,
                const Progress& progress) {
    const Limits limits = measure_limits(dimensions, frames, pool, runs, progress);
    Result result;
    result.name = "bench roofline";
    result.setup = {{"cpu", fmt::format("{}, {}, oneDNN {}", cpu_name(), onednn_isa(), onednn_version())},
                    {"threads", fmt::to_string(pool.size())},
                    {"rows", fmt::format("{}, in blocks of 64", frames)},
                    {"runs", fmt::to_string(runs)}};
    Table table{"GEMM, y [rows x n] = x [rows x k] W, the fastest run",
                {{"matmul", ""},
                 {"type", ""},
                 {"rows", ""},
                 {"n", ""},
                 {"k", ""},
                 {"rate", "GFLOP/s"},
                 {"intensity", "FLOP/B"}},
                {}};
    for (const GemmRate& gemm : limits.gemms) {
        table.rows.push_back({{gemm.name, std::string(gemm.type == GemmType::bf16 ? "bf16" : "f32"),
                               static_cast<double>(gemm.rows), static_cast<double>(gemm.n),
                               static_cast<double>(gemm.k), gemm.flops / 1e9, gemm.intensity()},
                              Origin::measured});
    }
    result.tables.push_back(std::move(table));
    result.tables.push_back(on_more_cores(limits, onednn_has_bf16() ? GemmType::bf16 : GemmType::f32,
                                          dimensions, frames, pool.size()));
    result.notes.emplace_back(
        "Intensity: FLOPs for a byte, with both operands and the f32 result moved once each.");
    result.notes.emplace_back(
        "More cores: each has the rate of one of this run's threads, all have work until the end, and every "
        "operand and result moves through memory. Caches hold most of it, so this is the most traffic.");
    if (onednn_has_bf16()) {
        result.quantities.push_back({"a layer's six matmuls, bf16", limits.layer_flops(GemmType::bf16) / 1e9,
                                     "GFLOP/s", Origin::measured});
    } else {
        result.notes.emplace_back(
            "This CPU has no native bf16 for oneDNN; the cpu device multiplies bf16 as f32.");
    }
    result.quantities.push_back(
        {"a layer's six matmuls, f32", limits.layer_flops(GemmType::f32) / 1e9, "GFLOP/s", Origin::measured});
    result.quantities.push_back({"memory read, all threads", limits.read / 1e9, "GB/s", Origin::measured});
    return result;
}

}  // namespace npuscribe::bench
