#pragma once
// Devices by name, as --device takes them, and the choice that "auto" makes on this machine.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/device.h"

namespace npuscribe {

class ThreadPool;

/// The names of all devices: cpu, npu, emulated.
std::span<const std::string_view> device_names();
/// The names that choose_device takes: auto, then device_names().
std::span<const std::string_view> device_choices();

/// One entry of `npuscribe device list`.
struct DeviceListing {
    std::string name;     // one of device_names()
    std::string summary;  // what it is, on any machine
    bool available = false;
    std::string description;           // the one in this machine; for the npu, also one that cannot be used
    std::vector<std::string> missing;  // if it is not available: what to put right, a line each
    std::vector<std::string> warnings;
};

/// All devices, whether this machine can use them or not. Does not throw if something is missing.
std::vector<DeviceListing> list_devices();

/// The shape [n × k] of weights that a device will be asked to hold.
struct WeightShape {
    size_t n = 0;
    size_t k = 0;
};

struct ChosenDevice {
    std::unique_ptr<Device> device;
    std::string reason;  // which device and why, in one sentence; printed on stderr for "auto"
};

/// Makes the device called `name`, one of device_choices(). "auto" takes the NPU if there is one, it has the
/// precision, and array programs are installed for all of `shapes`; otherwise the cpu, never the emulated
/// array. Throws UsageError if there is no such name, and DeviceError if the named device cannot be used
/// here. `pool` must outlive the device.
ChosenDevice choose_device(std::string_view name, const DeviceOptions&, ThreadPool& pool,
                           std::span<const WeightShape> shapes = {});

}  // namespace npuscribe
