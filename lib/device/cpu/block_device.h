#pragma once
// BFP16 on CPUs with AVX-VNNI or AVX-512 VNNI: blocks are multiplied as integers, which is faster than
// multiplying their values as bfloat16 (simd/matmul/block_matmul.h). AMX's bfloat16 tiles are faster still:
// tile_device.h.

#include <memory>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// Throws DeviceError if the CPU has no VNNI. The precision is bfp16. `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_block_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
