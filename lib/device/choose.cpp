#include "device/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "device/cpu/cpu_device.h"
#include "device/emulated/emulated_device.h"
#include "device/npu/npu_array.h"
#include "device/npu/npu_device.h"
#include "device/npu/npu_probe.h"

namespace npuscribe {
namespace {

using Factory = std::unique_ptr<Device> (*)(const DeviceOptions&, ThreadPool&);

struct Kind {
    std::string_view name;
    std::string_view summary;
    Factory make;
};

constexpr std::array kKinds = {
    Kind{kCpuDevice, "this CPU, through npuscribe's own kernels or oneDNN", &make_cpu_device},
    Kind{kNpuDevice, "AMD XDNA2 NPU, through XRT",
         [](const DeviceOptions& options, ThreadPool& pool) { return make_npu_device(options, pool); }},
    Kind{kEmulatedDevice, "the XDNA2 array, emulated tile by tile", &make_emulated_device},
};

constexpr std::string_view kAuto = "auto";
constexpr auto kChoices = [] {
    std::array<std::string_view, kKinds.size() + 1> names = {kAuto};
    for (size_t i = 0; i < kKinds.size(); ++i) names[i + 1] = kKinds[i].name;
    return names;
}();

DeviceListing list_npu(std::string_view summary) {
    const NpuStatus status = probe_npu();
    DeviceListing listing{std::string(kNpuDevice), std::string(summary), status.usable(), {}, {}, {}};
    for (const NpuFinding& found : status.problems) listing.missing.push_back(found.text);
    for (const NpuFinding& found : status.warnings) listing.warnings.push_back(found.text);
    for (const NpuHardware& npu : status.devices) {
        listing.description += (listing.description.empty() ? "" : "; ") + describe(npu);
    }
    if (status.devices.empty()) {
        for (const PciNpu& npu : status.on_bus) {
            listing.description += (listing.description.empty() ? "" : "; ") + describe(npu);
        }
    }
    if (!status.xrt_version.empty()) {
        listing.description += (listing.description.empty() ? "XRT " : ", XRT ") + status.xrt_version;
    }
    if (listing.available) {
        listing.description +=
            fmt::format(", {} shapes in {}", status.shapes, status.xclbin_directory.string());
    }
    return listing;
}

/// Why "auto" cannot take the NPU; empty if it can.
std::string why_not_npu(const DeviceOptions& options, std::span<const WeightShape> shapes) {
    if (options.precision != Precision::bfp16) {
        return fmt::format("the NPU multiplies in bfp16, and {} was asked for", name(options.precision));
    }
    const NpuStatus status = probe_npu();
    if (!status.usable()) return status.brief();
    const NpuPrograms programs(status.xclbin_directory);
    for (const WeightShape& shape : shapes) {
        if (has_program(programs, array::Plan::built_in(), shape.k, shape.n)) continue;
        return fmt::format("there is no xclbin for weights of {} x {} in {}", shape.n, shape.k,
                           programs.directory().string());
    }
    return {};
}

}  // namespace

std::span<const std::string_view> device_choices() {
    return kChoices;
}

std::span<const std::string_view> device_names() {
    return device_choices().subspan(1);
}

std::vector<DeviceListing> list_devices() {
    std::vector<DeviceListing> all;
    ThreadPool pool(1);
    for (const Kind& kind : kKinds) {
        if (kind.name == kNpuDevice) {
            all.push_back(list_npu(kind.summary));
            continue;
        }
        DeviceListing listing{std::string(kind.name), std::string(kind.summary), true, {}, {}, {}};
        listing.description = kind.make({}, pool)->info().description;
        all.push_back(std::move(listing));
    }
    return all;
}

ChosenDevice choose_device(std::string_view name, const DeviceOptions& options, ThreadPool& pool,
                           std::span<const WeightShape> shapes) {
    if (name == kAuto) {
        const std::string why_not = why_not_npu(options, shapes);
        if (!why_not.empty()) {
            return {make_cpu_device(options, pool),
                    fmt::format("device {}, because the NPU cannot be used: {}", kCpuDevice, why_not)};
        }
        ChosenDevice chosen{make_npu_device(options, pool), {}};
        chosen.reason = fmt::format("device {}, {}, because the NPU is ready", kNpuDevice,
                                    chosen.device->info().description);
        return chosen;
    }
    const auto kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& known) { return known.name == name; });
    if (kind == kKinds.end()) {
        throw UsageError(fmt::format("there is no device '{}'; choose {}", name, list_words(kChoices)));
    }
    return {kind->make(options, pool), fmt::format("device {}, as asked for", name)};
}

}  // namespace npuscribe
