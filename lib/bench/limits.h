#pragma once
// The most that this CPU can do: the roofline that stages are compared with.

#include <cstddef>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "bench/progress.h"
#include "model/dimensions.h"

namespace npuscribe::bench {

enum class GemmType { bf16, f32 };

/// y [rows × n] = x [rows × k]·Wᵀ through oneDNN, in blocks of 64 rows that the threads share as in the cpu
/// device.
struct GemmRate {
    std::string name;
    GemmType type = GemmType::bf16;
    size_t rows = 0, n = 0, k = 0;
    double flops = 0;  // a second, in the fastest run

    double work() const {
        return 2.0 * static_cast<double>(rows) * static_cast<double>(n) * static_cast<double>(k);
    }
    /// FLOPs for a byte, if both operands and the f32 result move once each.
    double intensity() const {
        const double operand = type == GemmType::bf16 ? 2 : 4;
        return work() / (operand * static_cast<double>(rows * k + n * k) + 4 * static_cast<double>(rows * n));
    }
};

struct Limits {
    /// The encoder's three shapes, then a large one: in bf16 if oneDNN has it, then in f32.
    std::vector<GemmRate> gemms;
    double read = 0;  // bytes a second from memory, all threads

    /// FLOP/s over a layer's six matmuls together.
    double layer_flops(GemmType type) const;
};

/// For a model of these dimensions at `frames` rows.
Limits measure_limits(const Dimensions& dimensions, size_t frames, ThreadPool& pool, size_t runs,
                      const Progress& progress);

inline constexpr size_t kMemoryBytes = size_t{256} << 20;  // read for `Limits::read`: more than caches hold

}  // namespace npuscribe::bench
