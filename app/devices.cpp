#include "devices.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace npuscribe::app {
namespace {

constexpr std::array kKinds = {
    DeviceKind{"cpu", "this CPU, through oneDNN", {}},
    DeviceKind{"npu", "AMD XDNA2, through XRT", "this build of npuscribe has no XRT back end"},
    DeviceKind{"emulated", "the XDNA2 array, emulated tile by tile",
               "this build of npuscribe has no emulator"},
};

}  // namespace

std::span<const DeviceKind> device_kinds() {
    return kKinds;
}

std::unique_ptr<Device> open_device(std::string_view name, const DeviceOptions& options, ThreadPool& pool) {
    if (name == "auto") name = "cpu";
    const auto kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const DeviceKind& k) { return k.name == name; });
    if (kind == kKinds.end())
        throw UsageError(fmt::format("there is no device {}; npuscribe device list names them", name));
    if (!kind->missing.empty()) {
        throw DeviceError(fmt::format("device {}: {}; use --device cpu", name, kind->missing));
    }
    return make_cpu_device(options, pool);
}

}  // namespace npuscribe::app
