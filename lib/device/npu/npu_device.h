#pragma once
// The NPU as a device: BFP16 matmuls on AMD's XDNA2 array, through XRT.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "device/device.h"
#include "device/npu/xrt_loader.h"

namespace npuscribe {

class ThreadPool;

struct NpuOptions {
    unsigned index = 0;                       // which of XRT's devices
    std::chrono::milliseconds limit{10'000};  // for one submission; a layer takes milliseconds
    std::filesystem::path xclbin_directory;   // empty: xclbin_directory()
    const XrtLibrary* library = nullptr;      // null: xrt_library()
};

/// The options as the environment gives them: NPUSCRIBE_NPU_INDEX, NPUSCRIBE_NPU_TIMEOUT (seconds, a decimal
/// number). Throws UsageError for what is no number or not positive.
NpuOptions npu_options_from_environment();

/// The NPU. Precision: bfp16. `pool` prepares operands and takes results over, and must outlive the device.
/// Throws DeviceError, saying all that is missing, where there is no NPU to use.
std::unique_ptr<Device> make_npu_device(const DeviceOptions&, ThreadPool& pool);
std::unique_ptr<Device> make_npu_device(const DeviceOptions&, ThreadPool& pool, const NpuOptions&);

/// What the NPU's own sensor reads now, in watts; nothing where XRT or the driver gives none.
std::optional<double> npu_power_watts(const NpuOptions& = {});

}  // namespace npuscribe
