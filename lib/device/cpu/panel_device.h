#pragma once
// What the cpu's ways to multiply panels have in common: everything but the form of the left operand, and the
// product. Private to cpu_blocks.cpp and cpu_tiles.cpp.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/bad_value.h"
#include "device/cpu/cpu_info.h"
#include "device/cpu/onednn_matmul.h"
#include "device/device.h"
#include "device/operand_rows.h"

namespace npuscribe {

/// What a worker has to itself, alone on its cache line.
struct alignas(kCacheLine) PanelWorker {
    Buffer<float> scratch{};  // f32 on the way to blocks
    Buffer<uint8_t> panel{};  // of weights, in the form that is multiplied
    double prepare = 0;
    double matmul = 0;
};

struct PanelShared {
    DeviceOptions options;
    ThreadPool& pool;
    std::vector<PanelWorker> workers;
    uint64_t matmuls = 0;
};

/// `LeftOperand` is made with (max_rows, cols); resize(rows) empties it, and put(x, rounding, row, col)
/// rounds `x` into rows from `row` on, a multiple of 64, from several workers at once, and returns the first
/// bad row. `PanelLinear` is made with weights in either form and PanelShared&.
template <class LeftOperand, class PanelLinear>
class PanelDevice final : public Device {
  public:
    PanelDevice(const DeviceOptions& options, ThreadPool& pool, std::string numerics)
        : shared_{options, pool, std::vector<PanelWorker>(pool.size())}, numerics_(std::move(numerics)) {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = "cpu";
        info.description = cpu_name() + ", " + onednn_isa() + ", oneDNN " + onednn_version();
        info.precision = shared_.options.precision;
        info.numerics = numerics_;
        return info;
    }

    DeviceStats stats() const override { return stats_of(shared_.workers, shared_.matmuls); }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<PanelLinear>(weights, shared_);
    }
    std::unique_ptr<Linear> load_blocks(const BlockWeights& weights) override {
        return std::make_unique<PanelLinear>(weights, shared_);
    }
    bool keeps_blocks() const override { return true; }
    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<LeftOperand>(max_rows, cols);
    }

    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        constexpr size_t kPieceRows = 64;
        auto& operand = dynamic_cast<LeftOperand&>(out);
        check_columns(x, operand);
        operand.resize(x.rows);
        const auto how = in_f32(norm);
        std::atomic<bool> bad{false};
        shared_.pool.for_each(x.rows, kPieceRows, [&](size_t begin, size_t end, size_t index) {
            PanelWorker& worker = shared_.workers[index];
            const Stopwatch watch;
            const auto rows = in_whole_blocks(x.rows_from(begin, end - begin), how, worker.scratch);
            if (operand.put(rows, shared_.options.rounding, begin, 0)) bad = true;
            worker.prepare += watch.seconds();
        });
        constexpr float kLimit = 0x1p111F;  // magnitudes that no kernel takes
        if (bad) throw DeviceError("an operand of the cpu device holds " + place_of_bad_value(x, kLimit));
    }

  private:
    PanelShared shared_;
    std::string numerics_;
};

}  // namespace npuscribe
