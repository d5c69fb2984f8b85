#pragma once
// Weights that live in the NPU's memory.

#include <memory>

#include "device/device.h"
#include "device/npu/npu_operand.h"

namespace npuscribe {

/// Quantises, lays out and uploads the weights. Throws ModelError if BFP16 cannot hold them, and DeviceError
/// if no array program is installed for their shape.
std::unique_ptr<Linear> make_npu_linear(const LinearWeights&, NpuShared&);
/// The same from blocks, which stay as they are.
std::unique_ptr<Linear> make_npu_linear(const BlockWeights&, NpuShared&);

/// Takes both linears if the array can run one after the other with GELU between them; otherwise returns
/// null, and leaves them.
std::unique_ptr<FeedForward> make_npu_feed_forward(std::unique_ptr<Linear>& first,
                                                   std::unique_ptr<Linear>& second);

}  // namespace npuscribe
