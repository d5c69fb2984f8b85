#pragma once
// Devices by the names that --device takes, and what "auto" makes of this machine.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// One line of `npuscribe device list`.
struct DeviceListing {
    std::string name;     // "cpu", "npu", "emulated"
    std::string summary;  // what it is, on any machine
    bool available = false;
    std::string description;           // of this machine's, where it is available
    std::vector<std::string> missing;  // what is to be put right, where it is not; a line each
    std::vector<std::string> warnings;
};

/// All devices, whether they can be used here or not. Does not throw for what is missing.
std::vector<DeviceListing> list_devices();

/// Weights that a device will be asked to hold, [n × k].
struct WeightShape {
    size_t n = 0;
    size_t k = 0;
};

struct ChosenDevice {
    std::unique_ptr<Device> device;
    std::string reason;  // one sentence: which device, and why; for "auto" to be said on stderr
};

/// `name`: "cpu", "npu", "emulated", or "auto", which takes the NPU where there is one with array programs
/// for all of `shapes` and the precision is one it has, and else the cpu; never the emulated array. Another
/// name than "auto" gives that device or throws: DeviceError where it cannot be had, UsageError where there
/// is no such name. `pool` must outlive the device.
ChosenDevice choose_device(std::string_view name, const DeviceOptions&, ThreadPool& pool,
                           std::span<const WeightShape> shapes = {});

}  // namespace npuscribe
