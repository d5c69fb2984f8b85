#include "bench/array_projection.h"

#include <algorithm>
#include <array>

namespace npuscribe::bench {
namespace {

/// A linear of a layer, with weights [n × k].
struct LinearShape {
    size_t n, k;
    array::Result result;
    bool starts;         // a submission; otherwise it is a later call of the one before
    bool operand_moves;  // from the host
};

std::array<LinearShape, 4> linears_of(array::Kernel kernel, size_t state) {
    using array::Result;
    if (kernel == array::Kernel::bfp16) {
        return {{{3 * state, state, Result::bf16, true, true},
                 {state, state, Result::bf16, true, true},
                 {4 * state, state, Result::gelu_bfp16, true, true},
                 {state, 4 * state, Result::bf16, false, false}}};
    }
    // INT8 sums go back to the host, which scales and rounds them: query, key and value are together here,
    // too.
    return {{{3 * state, state, Result::sums, true, true},
             {state, state, Result::sums, true, true},
             {4 * state, state, Result::sums, true, true},
             {state, 4 * state, Result::sums, true, true}}};
}

}  // namespace

ArrayProjection project_array(array::Kernel kernel, const Shape& shape, const array::Plan& plan,
                              const array::Assumptions& assumptions) {
    const size_t rows = shape.frames * shape.batch;
    ArrayProjection layer;
    double weights = 0;
    for (const LinearShape& linear : linears_of(kernel, shape.state)) {
        const array::Program& program = plan.program_for(kernel, linear.k);
        double dispatches = linear.starts ? 1 : 0;
        if (linear.starts) layer.submissions.push_back(0);
        for (size_t first = 0; first < rows; first += plan.max_rows()) {
            const array::Gemm gemm = plan.gemm(program, std::min(plan.max_rows(), rows - first), linear.k,
                                               linear.n, linear.result);
            const array::ModelledTime time = array::model(gemm, assumptions, dispatches);
            dispatches = 0;
            layer.seconds += time.total;
            layer.submissions.back() += time.total;
            layer.dispatch += time.dispatch;
            layer.dram_bytes += static_cast<double>(time.bytes_read + time.bytes_written);
            if (linear.operand_moves) layer.traffic.to_device += static_cast<double>(gemm.a_bytes());
            if (linear.result != array::Result::gelu_bfp16)
                layer.traffic.from_device += static_cast<double>(gemm.c_bytes());
            if (first == 0) weights += static_cast<double>(gemm.b_bytes());
        }
    }
    const auto layers = static_cast<double>(shape.layers);
    ArrayProjection all;
    all.seconds = layers * layer.seconds;
    all.dispatch = layers * layer.dispatch;
    all.submissions = layer.submissions;
    all.traffic = {layers * layer.traffic.to_device, layers * layer.traffic.from_device, layers * weights};
    all.dram_bytes = layers * layer.dram_bytes;
    all.buffers = layers * weights + layer.traffic.to_device + layer.traffic.from_device;
    return all;
}

}  // namespace npuscribe::bench
