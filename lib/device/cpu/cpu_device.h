#pragma once
// The CPU as a device: the choice between its back ends.

#include <memory>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// The CPU in any precision, by the fastest back end that it can run. `pool` must outlive the device.
std::unique_ptr<Device> make_cpu_device(const DeviceOptions&, ThreadPool& pool);

}  // namespace npuscribe
