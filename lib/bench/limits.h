#pragma once
// What this CPU can do at the most: the roofline that stages are measured against.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "model/dimensions.h"

namespace npuscribe::bench {

enum class GemmType { bf16, f32 };

/// y [rows × n] = x [rows × k]·Wᵀ through oneDNN, in blocks of 64 rows shared out among the threads as the
/// cpu device does.
struct GemmRate {
    std::string name;
    GemmType type = GemmType::bf16;
    size_t rows = 0, n = 0, k = 0;
    double flops = 0;  // a second; the fastest run

    double work() const {
        return 2.0 * static_cast<double>(rows) * static_cast<double>(n) * static_cast<double>(k);
    }
    /// FLOPs for a byte: both operands and the f32 result moved once each.
    double intensity() const {
        const double operand = type == GemmType::bf16 ? 2 : 4;
        return work() / (operand * static_cast<double>(rows * k + n * k) + 4 * static_cast<double>(rows * n));
    }
};

/// Times one shape, `runs` times of at least 50 ms each.
GemmRate gemm_rate(std::string name, GemmType type, size_t rows, size_t n, size_t k, ThreadPool& pool,
                   size_t runs);

struct Limits {
    std::vector<GemmRate>
        gemms;        // the encoder's three shapes, then a large one; bf16 where oneDNN has it, then f32
    double read = 0;  // bytes a second from memory, all threads

    /// FLOP/s over a layer's six matmuls together.
    double layer_flops(GemmType type) const;
};

/// For a model of these dimensions at `frames` rows. `progress` may be empty.
Limits measure_limits(const Dimensions& dimensions, size_t frames, ThreadPool& pool, size_t runs,
                      const std::function<void(const std::string&)>& progress);

inline constexpr size_t kMemoryBytes = size_t{256} << 20;  // read for `Limits::read`: more than caches hold

}  // namespace npuscribe::bench
