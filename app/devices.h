#pragma once
// Devices by the names that --device takes.

#include <memory>
#include <span>
#include <string_view>

#include "device/device.h"

namespace npuscribe {
class ThreadPool;
}

namespace npuscribe::app {

struct DeviceKind {
    std::string_view name;
    std::string_view summary;
    std::string_view missing;  // what keeps this build from having it; empty: it has it
};

/// All devices that npuscribe knows, those of other builds included.
std::span<const DeviceKind> device_kinds();

/// `name`: of a kind, or "auto", the fastest one here. Throws DeviceError where it is not available; never
/// gives another device than the one asked for. `pool` must outlive the device.
std::unique_ptr<Device> open_device(std::string_view name, const DeviceOptions& options, ThreadPool& pool);

}  // namespace npuscribe::app
