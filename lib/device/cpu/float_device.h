#pragma once
// BFP16 on CPUs that multiply floats best: AVX2 and FMA, and AVX-512 without VNNI. Weights stay in panels, as
// on CPUs with VNNI, so that a converted model is read in place; matmul/float_matmul.h multiplies them.

#include <memory>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// The precision is bfp16. `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_float_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
