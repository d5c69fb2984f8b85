#pragma once
// BFP16 on CPUs with AVX-512 VNNI: blocks are multiplied as integers, at a rate above that of the same values
// as bfloat16 (simd/block_matmul.h). Not where there is AMX, whose bfloat16 tiles are faster still.

#include <memory>

#include "device/device.h"

namespace npuscribe {

/// True where this is the fastest of the CPU's ways to multiply BFP16 by hundreds of rows. By a few rows it
/// is wherever there is VNNI: reading the weights takes the longest, and blocks are half as many bytes.
bool blocks_are_fastest();

/// Throws DeviceError where the CPU has no VNNI. The precision is bfp16; `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_block_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
