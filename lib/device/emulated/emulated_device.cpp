#include "device/emulated/emulated_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/array/array_model.h"
#include "device/array/array_weights.h"
#include "device/checks.h"
#include "device/emulated/emulated_array.h"
#include "device/emulated/emulated_int8.h"
#include "device/operand_rows.h"
#include "simd/rows/npu_prepare.h"

namespace npuscribe {
namespace {

using array::Gemm;
using array::Kernel;
using array::Plan;

constexpr size_t kGrain = 64;          // rows that a worker takes at a time: whole rows of subtiles
constexpr float kLimit = 0x1.FCp127F;  // larger values may round to 2^128

struct Shared {
    bfp16::Rounding rounding;
    ThreadPool& pool;
    const Device& device;  // that these belong to
    const Plan& plan = Plan::built_in();
    array::Assumptions assumptions{};
    DeviceStats stats{};
    Buffer<float> result{};  // C of the current matmul, padded

    void count(const Gemm& gemm, const array::Traffic& traffic) {
        const array::ModelledTime time = array::model(gemm, assumptions);
        stats.matmul_seconds += time.dispatch + time.array;
        // The time that the array waits for memory.
        stats.transfer_seconds += time.total - time.dispatch - time.array;
        stats.cycles += time.cycles;
        stats.bytes_to_device += traffic.dram_read;
        stats.bytes_from_device += traffic.dram_written;
        ++stats.matmuls;
    }
};

/// A in tiles, one part for each call of the array.
class EmulatedOperand final : public Operand {
  public:
    EmulatedOperand(size_t max_rows, size_t cols, Shared& shared)
        : Operand(shared.device, cols),
          shared_(shared),
          program_(shared.plan.program_for(Kernel::bfp16, cols)),
          max_rows_(max_rows) {
        for (size_t first = 0; first < max_rows; first += shared.plan.max_rows()) {
            parts_.emplace_back(gemm(std::min(shared.plan.max_rows(), max_rows - first), 1).a_bytes());
        }
    }

    struct Part {
        size_t first = 0, rows = 0;
        std::span<const uint8_t> tiles;
    };
    std::vector<Part> parts() const {
        std::vector<Part> parts;
        for (size_t first = 0; first < rows_; first += shared_.plan.max_rows()) {
            const size_t rows = std::min(shared_.plan.max_rows(), rows_ - first);
            parts.push_back({first, rows, {parts_[parts.size()].data(), gemm(rows, 1).a_bytes()}});
        }
        return parts;
    }

    /// For weights of `n` rows.
    Gemm gemm(size_t rows, size_t n) const { return shared_.plan.gemm(program_, rows, cols_, n); }

    /// Fills all `rows` rows. `x_of(first, count)` returns rows [first, first + count) as f32.
    template <class Rows>
    std::optional<simd::Place> fill(size_t rows, const simd::RowPreparation& how, Rows&& x_of) {
        check_fits(rows, max_rows_);
        rows_ = rows;
        std::optional<simd::Place> bad;
        std::mutex bad_mutex;
        for (size_t index = 0; index * shared_.plan.max_rows() < rows; ++index) {
            const size_t first = index * shared_.plan.max_rows();
            const size_t count = std::min(shared_.plan.max_rows(), rows - first);
            const Gemm shape = gemm(count, 1);
            // The operand's own columns, so that prepare_for_npu pads K.
            bfp16::TileLayout layout = shape.a_layout();
            layout.cols = cols_;
            const std::span<uint8_t> tiles(parts_[index].data(), shape.a_bytes());
            shared_.pool.for_each(count, kGrain, [&](size_t begin, size_t end, size_t) {
                const auto place =
                    simd::prepare_for_npu(x_of(first + begin, end - begin), how, layout, begin, tiles);
                if (!place) return;
                const std::lock_guard lock(bad_mutex);
                if (!bad || bad->row > first + begin + place->row)
                    bad = simd::Place{first + begin + place->row, place->col};
            });
            simd::clear_rows(layout, count, tiles);
        }
        return bad;
    }

  private:
    Shared& shared_;
    const array::Program& program_;
    size_t max_rows_;
    std::vector<Buffer<uint8_t>> parts_;
};

class EmulatedLinear final : public Linear {
  public:
    EmulatedLinear(const BlockWeights& weights, Shared& shared)
        : shared_(shared), name_(weights.name), n_(weights.n), k_(weights.k) {
        check_blocks(weights);
        bfp16::TileLayout layout = make_tiles();
        layout.rows = n_;
        array::lay_out_blocks(weights, layout, tiles());
        array::lay_out_bias(weights.bias, layout, tiles());
    }

    EmulatedLinear(const LinearWeights& weights, Shared& shared)
        : shared_(shared), name_(weights.name), n_(weights.weight.rows), k_(weights.weight.cols) {
        check_bias(name_, weights.bias, n_);
        const bfp16::TileLayout layout = make_tiles();
        const auto how = preparation(nullptr, simd::Numerics::bfp16, shared.rounding);
        if (simd::prepare_for_npu(weights.weight, how, layout, 0, tiles()))
            refuse_weights(name_, weights.weight, kLimit);
        array::lay_out_bias(weights.bias, layout, tiles());
    }

    size_t n() const override { return n_; }
    size_t k() const override { return k_; }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(name_, *this, x, y.rows, y.cols);
        const auto& left = as_own<EmulatedOperand>(x, shared_.device);
        for (const auto& part : left.parts()) {
            const MatrixView<const float> c = multiply(left, part);
            shared_.pool.for_each(part.rows, kGrain, [&](size_t begin, size_t end, size_t) {
                const auto out = y.rows_from(part.first + begin, end - begin);
                for (size_t r = 0; r < out.rows; ++r) {
                    const float* from = c.row(begin + r);
                    if (epilogue == Epilogue::add_residual) {
                        std::transform(from, from + n_, out.row(r), out.row(r), std::plus<>());
                    } else {
                        std::copy_n(from, n_, out.row(r));
                    }
                }
                if (epilogue == Epilogue::gelu) simd::gelu(out);
            });
        }
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        check_into_operand(name_, epilogue);
        check_product(name_, *this, x, x.rows(), y.cols());
        const auto& left = as_own<EmulatedOperand>(x, shared_.device);
        auto& result = as_own<EmulatedOperand>(y, shared_.device);
        const auto parts = left.parts();
        const auto how = preparation(epilogue, simd::Numerics::bfp16, shared_.rounding);
        Buffer<float> whole(parts.size() > 1 ? x.rows() * n_ : 0);
        MatrixView<const float> c;
        for (const auto& part : parts) {
            c = multiply(left, part);
            if (parts.size() == 1) break;
            for (size_t r = 0; r < part.rows; ++r)
                std::copy_n(c.row(r), n_, whole.data() + (part.first + r) * n_);
        }
        if (parts.size() > 1) c = whole.matrix(x.rows(), n_);
        const Stopwatch watch;
        const auto bad =
            result.fill(x.rows(), how, [&](size_t first, size_t count) { return c.rows_from(first, count); });
        shared_.stats.prepare_seconds += watch.seconds();
        if (bad) {
            refuse_result(name_, fmt::format("Inf or NaN at row {}, column {}", bad->row, bad->col));
        }
        return {};
    }

  private:
    /// Makes room for the weights, all zero, and returns its layout.
    bfp16::TileLayout make_tiles() {
        const Gemm shape = shared_.plan.gemm(shared_.plan.program_for(Kernel::bfp16, k_), 1, k_, n_);
        tiles_ = Buffer<uint8_t>(shape.b_bytes());
        std::fill(tiles_.begin(), tiles_.end(), uint8_t{0});
        bfp16::TileLayout layout = shape.b_layout();
        layout.cols = k_;
        return layout;
    }

    std::span<uint8_t> tiles() { return {tiles_.data(), tiles_.size()}; }

    /// Returns [part.rows × n], in memory of the device that the next call overwrites.
    MatrixView<const float> multiply(const EmulatedOperand& x, const EmulatedOperand::Part& part) {
        const Gemm shape = x.gemm(part.rows, n_);
        shared_.result.reserve_discard(shape.m * shape.n);
        const std::span<uint8_t> c(reinterpret_cast<uint8_t*>(shared_.result.data()), shape.c_bytes());
        const auto traffic =
            array::run(shared_.plan, shape, part.tiles, {tiles_.data(), tiles_.size()}, c, shared_.pool);
        shared_.count(shape, traffic);
        return {shared_.result.data(), part.rows, n_, shape.n};
    }

    Shared& shared_;
    std::string name_;
    size_t n_, k_;
    Buffer<uint8_t> tiles_;
};

class EmulatedDevice final : public Device {
  public:
    EmulatedDevice(const DeviceOptions& options, ThreadPool& pool) : shared_{options.rounding, pool, *this} {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = kEmulatedDevice;
        info.description = describe_emulated_array(shared_.plan);
        info.precision = Precision::bfp16;
        info.numerics = "bfp16 in the array's kernels, f32 sums";
        info.modelled_times = true;
        return info;
    }

    DeviceStats stats() const override { return shared_.stats; }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<EmulatedLinear>(weights, shared_);
    }

    std::unique_ptr<Linear> load_blocks(const BlockWeights& weights) override {
        return std::make_unique<EmulatedLinear>(weights, shared_);
    }

    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<EmulatedOperand>(max_rows, cols, shared_);
    }

    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        auto& operand = as_own<EmulatedOperand>(out, *this);
        check_prepare(x, norm, operand);
        const auto how = preparation(norm, simd::Numerics::bfp16, shared_.rounding);
        const Stopwatch watch;
        const auto bad =
            operand.fill(x.rows, how, [&](size_t first, size_t count) { return x.rows_from(first, count); });
        shared_.stats.prepare_seconds += watch.seconds();
        if (bad) refuse_operand(kEmulatedDevice, x, kLimit);
    }

  private:
    Shared shared_;
};

}  // namespace

std::unique_ptr<Device> make_emulated_device(const DeviceOptions& options, ThreadPool& pool) {
    if (options.precision == Precision::bfp16) return std::make_unique<EmulatedDevice>(options, pool);
    if (options.precision == Precision::int8 || options.precision == Precision::int8_tensor) {
        return make_emulated_int8_device(options, pool);
    }
    throw DeviceError(fmt::format(
        "the emulated device multiplies in bfp16, int8 or int8-tensor; the array has no kernel for {}",
        name(options.precision)));
}

}  // namespace npuscribe
