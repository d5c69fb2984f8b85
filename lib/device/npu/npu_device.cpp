#include "device/npu/npu_device.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"
#include "device/checks.h"
#include "device/npu/npu_array.h"
#include "device/npu/npu_linear.h"
#include "device/npu/npu_operand.h"
#include "device/npu/npu_probe.h"

namespace npuscribe {
namespace {

using xrt_backend::XrtError;

const XrtLibrary& library_of(const NpuOptions& options) {
    return options.library != nullptr ? *options.library : xrt_library();
}

/// The NPU's own description. Throws DeviceError, which names the first thing that is missing, if it cannot
/// be used.
std::string check_usable(const NpuOptions& options) {
    ProbeEnvironment environment;
    environment.library = &library_of(options);
    environment.xclbin_directory = options.xclbin_directory;
    const NpuStatus status = probe_npu(environment);
    if (!status.usable()) {
        throw DeviceError(fmt::format(
            "there is no NPU to use: {}{}", status.first_problem().text,
            status.problems.size() > 1 ? "; npuscribe device list shows what else is missing" : ""));
    }
    if (options.index >= status.devices.size()) {
        throw DeviceError(fmt::format("there is no NPU {}: XRT finds {}; set NPUSCRIBE_NPU_INDEX to 0 to {}",
                                      options.index, status.devices.size(), status.devices.size() - 1));
    }
    if (const std::string& why = status.devices[options.index].unsuitable; !why.empty()) {
        throw DeviceError(fmt::format(
            "NPU {} cannot be used: {}, or set NPUSCRIBE_NPU_INDEX to another of XRT's {} devices",
            options.index, why, status.devices.size()));
    }
    return fmt::format("{}, XRT {}", describe(status.devices[options.index]), status.xrt_version);
}

double number_from_environment(const char* name, double otherwise, double least) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') return otherwise;
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (*end != '\0' || !std::isfinite(value) || value < least) {
        throw UsageError(
            fmt::format("invalid value '{}' for {}: expected a number of {} or more", text, name, least));
    }
    return value;
}

class NpuDevice final : public Device {
  public:
    NpuDevice(const DeviceOptions& options, ThreadPool& pool, const NpuOptions& npu)
        : description_(check_usable(npu)),
          array_(*library_of(npu).backend, npu.index, NpuPrograms(xclbin_directory_of(npu)), npu.limit),
          shared_{array_, pool, *this, options.rounding, {}, {}} {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = kNpuDevice;
        info.precision = Precision::bfp16;
        info.numerics = "bfp16 blocks, accumulated in fp32 on the array";
        info.asynchronous = true;
        info.joins_linears = true;
        info.description = description_;
        return info;
    }

    DeviceStats stats() const override {
        DeviceStats stats = shared_.stats;
        stats.matmul_seconds = shared_.array.queue().seconds();
        return stats;
    }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return make_npu_linear(weights, shared_);
    }
    std::unique_ptr<Linear> load_blocks(const BlockWeights& weights) override {
        return make_npu_linear(weights, shared_);
    }
    std::unique_ptr<FeedForward> chain(std::unique_ptr<Linear> first,
                                       std::unique_ptr<Linear> second) override {
        // A core rounds to nearest even, whatever the host does.
        if (shared_.rounding == bfp16::Rounding::nearest_even) {
            if (auto both = make_npu_feed_forward(first, second)) return both;
        }
        return Device::chain(std::move(first), std::move(second));
    }
    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<NpuOperand>(max_rows, cols, shared_);
    }
    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        as_own<NpuOperand>(out, *this).fill(x, norm);
    }

  private:
    static std::filesystem::path xclbin_directory_of(const NpuOptions& options) {
        return options.xclbin_directory.empty() ? xclbin_directory() : options.xclbin_directory;
    }

    std::string description_;
    NpuArray array_;
    NpuShared shared_;
};

}  // namespace

NpuOptions npu_options_from_environment() {
    NpuOptions options;
    options.index = static_cast<unsigned>(number_from_environment("NPUSCRIBE_NPU_INDEX", 0, 0));
    const double seconds = number_from_environment("NPUSCRIBE_NPU_TIMEOUT", 10, 1e-3);
    options.limit = std::chrono::milliseconds(static_cast<long>(std::ceil(seconds * 1000)));
    return options;
}

std::unique_ptr<Device> make_npu_device(const DeviceOptions& options, ThreadPool& pool) {
    return make_npu_device(options, pool, npu_options_from_environment());
}

std::unique_ptr<Device> make_npu_device(const DeviceOptions& options, ThreadPool& pool,
                                        const NpuOptions& npu) {
    if (options.precision != Precision::bfp16) {
        throw DeviceError(
            fmt::format("the npu device multiplies in bfp16, not in {}", name(options.precision)));
    }
    return std::make_unique<NpuDevice>(options, pool, npu);
}

}  // namespace npuscribe
