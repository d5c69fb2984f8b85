#pragma once
// The AIE2P array as a device: the NPU's own kernels over the NPU's own bytes, on this CPU. Slow, and exact
// about what an NPU would compute; its times are modelled (array_model.h).

#include <memory>

#include "device/device.h"

namespace npuscribe {

/// Precisions: bfp16, int8, int8_tensor; DeviceError for others. `pool` must outlive the device.
std::unique_ptr<Device> make_emulated_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
