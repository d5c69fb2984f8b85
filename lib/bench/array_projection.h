#pragma once
// An encoder's layers on the NPU's array, by the array's model (device/array/array_model.h): nothing here was
// measured.

#include "bench/projection.h"
#include "device/array/array_model.h"

namespace npuscribe::bench {

/// All numbers are of all layers and the whole batch. Rows are padded as the plan has them, and cut where
/// there are more than it has instructions for; the windows of a batch go together.
struct ArrayProjection {
    double seconds =
        0;  // query, key and value in one runlist, out, mlp.0 and mlp.2 in one each: four dispatches a layer
    double dispatch = 0;    // of these
    Traffic traffic;        // operands and results between host and device, in bytes
    double dram_bytes = 0;  // that the array reads and writes: operands again for each group of tiles
    double buffers = 0;     // bytes that stay: all weights, a layer's operands and results
};

ArrayProjection project_array(array::Kernel, const Shape&, const array::Plan& = array::Plan::built_in(),
                              const array::Assumptions& = {});

}  // namespace npuscribe::bench
