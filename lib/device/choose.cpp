#include "device/choose.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/thread_pool.h"
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
    Kind{"cpu", "this CPU, through oneDNN", &make_cpu_device},
    Kind{"npu", "AMD XDNA2 NPU, through XRT",
         [](const DeviceOptions& options, ThreadPool& pool) { return make_npu_device(options, pool); }},
    Kind{"emulated", "the XDNA2 array, emulated tile by tile", &make_emulated_device},
};

const Kind* find(std::string_view name) {
    const auto kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return k.name == name; });
    return kind == kKinds.end() ? nullptr : kind;
}

DeviceListing list_npu(std::string_view summary) {
    const NpuStatus status = probe_npu();
    DeviceListing listing{"npu", std::string(summary), status.usable(), {}, {}, {}};
    for (const NpuFinding& found : status.problems) listing.missing.push_back(found.text);
    for (const NpuFinding& found : status.warnings) listing.warnings.push_back(found.text);
    for (const NpuHardware& npu : status.devices) {
        listing.description += (listing.description.empty() ? "" : "; ") + describe(npu);
    }
    if (!status.xrt_version.empty()) {
        listing.description += (listing.description.empty() ? "XRT " : ", XRT ") + status.xrt_version;
    }
    if (listing.available) {
        listing.description +=
            ", " + std::to_string(status.shapes) + " shapes in " + status.xclbin_directory.string();
    }
    return listing;
}

/// Why "auto" cannot take the NPU; empty where it can.
std::string against_npu(const DeviceOptions& options, std::span<const WeightShape> shapes) {
    if (options.precision != Precision::bfp16) {
        return "the NPU multiplies in bfp16, and " + std::string(name(options.precision)) + " was asked for";
    }
    const NpuStatus status = probe_npu();
    if (!status.usable()) return status.summary();
    const NpuPrograms programs(status.xclbin_directory);
    for (const WeightShape& shape : shapes) {
        if (has_program(programs, array::Plan::built_in(), shape.k, shape.n)) continue;
        return "there is no xclbin for weights of " + std::to_string(shape.n) + " x " +
               std::to_string(shape.k) + " in " + programs.directory().string();
    }
    return {};
}

}  // namespace

std::vector<DeviceListing> list_devices() {
    std::vector<DeviceListing> all;
    ThreadPool pool(1);
    for (const Kind& kind : kKinds) {
        if (kind.name == "npu") {
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
    if (name == "auto") {
        const std::string against = against_npu(options, shapes);
        if (against.empty()) {
            ChosenDevice chosen{make_npu_device(options, pool), {}};
            chosen.reason = "device npu, " + chosen.device->info().description + ": it is there and ready";
            return chosen;
        }
        return {make_cpu_device(options, pool), "device cpu, for the NPU cannot be used: " + against};
    }
    const Kind* kind = find(name);
    if (kind == nullptr) {
        throw UsageError("there is no device '" + std::string(name) +
                         "'; there are auto, cpu, npu and emulated");
    }
    return {kind->make(options, pool), "device " + std::string(name) + ", as asked for"};
}

}  // namespace npuscribe
