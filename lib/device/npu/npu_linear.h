#pragma once
// Weights that live in the NPU's memory.

#include <memory>

#include "device/device.h"
#include "device/npu/npu_operand.h"

namespace npuscribe {

/// Quantises, lays out and uploads. Throws ModelError for weights that BFP16 cannot hold, and DeviceError
/// where no array program is installed for their shape.
std::unique_ptr<Linear> make_npu_linear(const LinearWeights&, NpuShared&);
/// The same from blocks, as they are.
std::unique_ptr<Linear> make_npu_linear(const BlockWeights&, NpuShared&);

}  // namespace npuscribe
