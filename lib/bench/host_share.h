#pragma once
// What an NPU leaves to the CPU in an encoder layer, measured step by step on this CPU.

#include <array>

#include "base/thread_pool.h"
#include "bench/projection.h"
#include "encoder/pair_order.h"

namespace npuscribe::bench {

/// Seconds of the CPU's work in one layer, on one window, step by step.
struct HostLayer {
    double take_inputs = 0;                            // Q, K and V, from the array's bfloat16
    double take_result = 0;                            // a result that is added to x: two in a layer
    double prepare_normed = 0;                         // norm, and rounding to tiles: two in a layer
    double prepare = 0;                                // attention's result, rounded to tiles
    std::array<double, kAttentionPieces> attention{};  // in the pieces that it has in pairs of windows
};

/// Seconds of all layers, on one window.
struct HostShare {
    double attention = 0;
    double before = 0;  // the rest, with the array's former design: norms, quantisation, GELU of the MLP's
                        // inner values, and f32 results copied or added
    double now = 0;     // the rest with the present one: norms, quantisation, and bfloat16 results
    HostLayer layer;    // the present design's steps
};

/// `shape.batch` is taken as 1. Operands go to tiles in memory, and results come from it, as with an NPU.
HostShare measure_host_share(const Shape& shape, ThreadPool& pool);

}  // namespace npuscribe::bench
