#pragma once
// INT8 matmuls on the CPU, through oneDNN (int8_device.h).

#include <memory>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// Precisions: int8 and int8_tensor. `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_int8_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
