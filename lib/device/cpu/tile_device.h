#pragma once
// BFP16 on CPUs with AMX: blocks are expanded to bfloat16 tiles, a panel at a time. Their values are exact in
// bfloat16 (simd/matmul/tile_matmul.h). In memory, weights stay blocks of 9 bytes.

#include <memory>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// Throws DeviceError if the CPU has no AMX. The precision is bfp16. `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_tile_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
