#pragma once
// The NPU as a device: BFP16 matmuls on AMD's XDNA2 array, through XRT.

#include <chrono>
#include <filesystem>
#include <memory>

#include "device/device.h"
#include "device/npu/xrt_loader.h"

namespace npuscribe {

class ThreadPool;

struct NpuOptions {
    unsigned index = 0;                       // which of XRT's devices
    std::chrono::milliseconds limit{10'000};  // for one submission; a layer takes a few milliseconds
    std::filesystem::path xclbin_directory;   // empty: xclbin_directory()
    const XrtLibrary* library = nullptr;      // null: xrt_library()
};

/// The options from the environment: NPUSCRIBE_NPU_INDEX and NPUSCRIBE_NPU_TIMEOUT (in seconds, a decimal
/// number). Throws UsageError if one is not a number or too small.
NpuOptions npu_options_from_environment();

/// The NPU, in precision bfp16. `pool` prepares operands and copies results, and must outlive the device.
/// Throws DeviceError, listing everything that is missing, if there is no NPU to use.
std::unique_ptr<Device> make_npu_device(const DeviceOptions&, ThreadPool& pool);
std::unique_ptr<Device> make_npu_device(const DeviceOptions&, ThreadPool& pool, const NpuOptions&);

}  // namespace npuscribe
