#pragma once
// INT8 matmuls on the emulated array (int8_device.h).

#include <memory>
#include <string>

#include "device/array/array_plan.h"
#include "device/device.h"

namespace npuscribe {

class ThreadPool;

std::unique_ptr<Device> make_emulated_int8_device(const DeviceOptions&, ThreadPool& pool);

/// "AIE2P array, 8 columns of 4 cores, emulated", for people.
std::string describe_emulated_array(const array::Plan&);

}  // namespace npuscribe
