#pragma once
// What the two back ends that multiply panels have in common: everything but the form of the left operand and
// the product. Only block_device.cpp and tile_device.cpp include it.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/checks.h"
#include "device/cpu/cpu_info.h"
#include "device/cpu/panel_weights.h"
#include "device/device.h"
#include "device/operand_rows.h"

namespace npuscribe {

/// What each worker has to itself, on a cache line of its own.
struct alignas(kCacheLine) PanelWorker {
    Buffer<float> scratch{};  // f32 on the way to blocks
    Buffer<uint8_t> panel{};  // a panel of weights in the form that is multiplied
    double prepare = 0;
    double matmul = 0;
};

struct PanelShared {
    DeviceOptions options;
    ThreadPool& pool;
    const Device& device;  // that these belong to
    std::vector<PanelWorker> workers;
    uint64_t matmuls = 0;
};

/// Weights in panels. Each back end multiplies them in its own way.
class PanelLinear : public Linear {
  public:
    PanelLinear(const LinearWeights& weights, PanelShared& shared)
        : shared_(shared), weights_(weights, shared.options.rounding, shared.pool) {}
    PanelLinear(const BlockWeights& weights, PanelShared& shared)
        : shared_(shared), weights_(weights, shared.pool) {}

    size_t n() const override { return weights_.n(); }
    size_t k() const override { return weights_.k(); }

  protected:
    /// `y` as the device's own type, emptied for x·Wᵀ. Throws DeviceError if it cannot take it.
    template <class LeftOperand>
    LeftOperand& begin_result(const Operand& x, Operand& y, Epilogue epilogue) const {
        check_into_operand(weights_.name(), epilogue);
        auto& result = as_own<LeftOperand>(y, shared_.device);
        result.resize(x.rows());
        check_product(weights_.name(), *this, x, y.rows(), y.cols());
        return result;
    }

    PanelShared& shared_;
    const PanelWeights weights_;
};

/// A LeftOperand is constructed with (max_rows, cols, device). Its resize(rows) empties it. Its put(x,
/// rounding, row, col) rounds `x` into rows from `row` on, a multiple of 64, and returns the first bad row;
/// several workers call it at once. An OwnLinear is a PanelLinear.
template <class LeftOperand, class OwnLinear>
class PanelDevice final : public Device {
  public:
    PanelDevice(const DeviceOptions& options, ThreadPool& pool, std::string numerics)
        : shared_{options, pool, *this, std::vector<PanelWorker>(pool.size())},
          numerics_(std::move(numerics)) {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = kCpuDevice;
        info.description = cpu_description();
        info.precision = shared_.options.precision;
        info.numerics = numerics_;
        return info;
    }

    DeviceStats stats() const override { return stats_of(shared_.workers, shared_.matmuls); }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<OwnLinear>(weights, shared_);
    }
    std::unique_ptr<Linear> load_blocks(const BlockWeights& weights) override {
        return std::make_unique<OwnLinear>(weights, shared_);
    }
    bool keeps_blocks() const override { return true; }
    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<LeftOperand>(max_rows, cols, *this);
    }

    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        constexpr size_t kPieceRows = 64;
        auto& operand = as_own<LeftOperand>(out, *this);
        check_prepare(x, norm, operand);
        operand.resize(x.rows);
        const auto how = preparation(norm, simd::Numerics::f32, shared_.options.rounding);
        std::atomic<bool> bad{false};
        shared_.pool.for_each(x.rows, kPieceRows, [&](size_t begin, size_t end, size_t index) {
            PanelWorker& worker = shared_.workers[index];
            const Stopwatch watch;
            const auto rows = in_whole_blocks(x.rows_from(begin, end - begin), how, worker.scratch);
            if (operand.put(rows, shared_.options.rounding, begin, 0)) bad = true;
            worker.prepare += watch.seconds();
        });
        if (bad) refuse_operand(kCpuDevice, x);
    }

  private:
    PanelShared shared_;
    std::string numerics_;
};

}  // namespace npuscribe
