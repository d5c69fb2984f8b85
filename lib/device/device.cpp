#include "device/device.h"

#include "base/buffer.h"
#include "device/checks.h"
#include "simd/rows/blocks.h"

namespace npuscribe {

std::unique_ptr<Linear> Device::load_blocks(const BlockWeights& weights) {
    check_blocks(weights);
    Buffer<float> values(weights.n * weights.k);
    simd::restore_panels(weights.panels.data(), 0, values.matrix(weights.n, weights.k));
    return load({values.matrix(weights.n, weights.k), weights.bias, weights.name});
}

}  // namespace npuscribe
