#pragma once
// Track 1 on the CPU, through oneDNN's int8 matmul.

#include <memory>

#include "device/device.h"

namespace npuscribe {

std::unique_ptr<Device> make_cpu_int8_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
