#pragma once
// BFP16 on CPUs with AMX: blocks are expanded to bfloat16 tiles, in which their values are exact, a panel at
// a time (simd/matmul/tile_matmul.h). Weights stay the 9 bytes a block that they are.

#include <memory>

#include "device/device.h"

namespace npuscribe {

/// Throws DeviceError where the CPU has no AMX. The precision is bfp16; `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_tile_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
