#pragma once
// What an NPU leaves to the CPU in an encoder layer, measured step by step on this CPU.

#include "base/thread_pool.h"
#include "bench/projection.h"

namespace npuscribe::bench {

/// Seconds of all layers, on one window.
struct HostShare {
    double attention = 0;
    double before = 0;  // the rest, with the array's former design: norms, quantisation, GELU of the MLP's
                        // inner values, and f32 results copied or added
    double now = 0;     // the rest with the present one: norms, quantisation, and bfloat16 results
};

/// `shape.batch` is taken as 1. Operands go to tiles in memory, and results come from it, as with an NPU.
HostShare measure_host_share(const Shape& shape, ThreadPool& pool);

}  // namespace npuscribe::bench
