#include "bench/array_projection.h"

#include <algorithm>
#include <array>

namespace npuscribe::bench {
namespace {

/// Linears of a layer that are submitted together: `count` of them with weights [n × k].
struct Linears {
    size_t n, k, count;
};

}  // namespace

ArrayProjection project_array(array::Kernel kernel, const Shape& shape, const array::Plan& plan,
                              const array::Assumptions& assumptions) {
    const size_t state = shape.state;
    const std::array<Linears, 4> linears = {
        {{state, state, 3}, {state, state, 1}, {4 * state, state, 1}, {state, 4 * state, 1}}};
    const size_t rows = shape.frames * shape.batch;
    ArrayProjection layer;
    double weights = 0;
    for (const Linears& linear : linears) {
        const array::Program& program = plan.program_for(kernel, linear.k);
        double dispatches = 1;  // one a runlist
        for (size_t first = 0; first < rows; first += plan.max_rows()) {
            const array::Gemm gemm =
                plan.gemm(program, std::min(plan.max_rows(), rows - first), linear.k, linear.n);
            for (size_t i = 0; i < linear.count; ++i) {
                const array::ModelledTime time = array::model(gemm, assumptions, dispatches);
                dispatches = 0;
                layer.seconds += time.total;
                layer.dispatch += time.dispatch;
                layer.dram_bytes += static_cast<double>(time.bytes_read + time.bytes_written);
            }
            const auto count = static_cast<double>(linear.count);
            layer.traffic.to_device +=
                static_cast<double>(gemm.a_bytes());  // shared by those submitted together
            layer.traffic.from_device += count * static_cast<double>(gemm.c_bytes());
            if (first == 0) weights += count * static_cast<double>(gemm.b_bytes());
        }
    }
    const auto layers = static_cast<double>(shape.layers);
    ArrayProjection all;
    all.seconds = layers * layer.seconds;
    all.dispatch = layers * layer.dispatch;
    all.traffic = {layers * layer.traffic.to_device, layers * layer.traffic.from_device, layers * weights};
    all.dram_bytes = layers * layer.dram_bytes;
    all.buffers = layers * weights + layer.traffic.to_device + layer.traffic.from_device;
    return all;
}

}  // namespace npuscribe::bench
