#include <fmt/format.h>

#include <algorithm>

#include "bench/benchmarks.h"
#include "bench/limits.h"
#include "device/cpu/cpu_info.h"

namespace npuscribe::bench {

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
    result.notes.emplace_back(
        "Intensity: FLOPs for a byte, with both operands and the f32 result moved once each.");
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
