#pragma once
// The AIE2P array as a device: the NPU's own kernels over the NPU's own bytes, on this CPU. It is slow,
// computes exactly what an NPU would, and reports modelled times (array/array_model.h).

#include <memory>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// Precisions: bfp16, int8 and int8_tensor; throws DeviceError for any other. `pool` must outlive the device.
std::unique_ptr<Device> make_emulated_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
