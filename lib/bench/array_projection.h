#pragma once
// How long an encoder's layers take on the NPU's array, computed by its model (device/array/array_model.h):
// nothing here is measured.

#include <vector>

#include "bench/projection.h"
#include "device/array/array_model.h"

namespace npuscribe::bench {

/// All numbers are for all layers and the whole batch, whose windows go to the array together. Rows are
/// padded as in the plan, and split if there are more than it has instructions for.
struct ArrayProjection {
    /// Three submissions a layer: query, key and value, one product; out; mlp.0, GELU and mlp.2 in one
    /// runlist. INT8 has four, for its sums go to the host.
    double seconds = 0;
    double dispatch = 0;              // the part of `seconds` that dispatching takes
    std::vector<double> submissions;  // seconds of each submission of one layer, in order
    Traffic traffic;                  // operands and results between host and device, in bytes
    double dram_bytes =
        0;               // read and written by the array, which reads operands again for each group of tiles
    double buffers = 0;  // bytes of all weights and of one layer's operands and results
};

ArrayProjection project_array(array::Kernel, const Shape&, const array::Plan& = array::Plan::built_in(),
                              const array::Assumptions& = {});

}  // namespace npuscribe::bench
