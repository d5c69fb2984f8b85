#pragma once
// The CPU through oneDNN's matmuls of bfloat16 or f32, for the precisions and CPUs that have no faster back
// end. BFP16 values are exact in both formats.

#include <memory>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// Precisions: bfp16, bf16 and fp32; throws DeviceError for any other. `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_onednn_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
