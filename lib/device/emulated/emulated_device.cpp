#include "device/emulated/emulated_device.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/array/array_model.h"
#include "device/bad_value.h"
#include "device/block_weights.h"
#include "device/emulated/emulated_array.h"
#include "device/emulated/emulated_int8.h"
#include "device/operand_rows.h"
#include "simd/rows/npu_prepare.h"

namespace npuscribe {
namespace {

using array::Gemm;
using array::Kernel;
using array::Plan;

constexpr size_t kGrain = 64;          // rows of a piece of work, whole rows of subtiles
constexpr float kLimit = 0x1.FCp127F;  // what is beyond may round to 2^128

struct Shared {
    bfp16::Rounding rounding;
    ThreadPool& pool;
    const Plan& plan = Plan::built_in();
    array::Assumptions assumptions{};
    DeviceStats stats{};
    Buffer<float> result{};  // C of the matmul in work, padded

    void count(const Gemm& gemm, const array::Traffic& traffic) {
        const array::ModelledTime time = array::model(gemm, assumptions);
        stats.matmul_seconds += time.dispatch + time.array;
        stats.transfer_seconds +=
            time.total - time.dispatch - time.array;  // what of memory the array waits for
        stats.cycles += time.cycles;
        stats.bytes_to_device += traffic.dram_read;
        stats.bytes_from_device += traffic.dram_written;
        ++stats.matmuls;
    }
};

/// A, in tiles, in as many parts as the array takes calls.
class EmulatedOperand final : public Operand {
  public:
    EmulatedOperand(size_t max_rows, size_t cols, Shared& shared)
        : shared_(shared), program_(shared.plan.program_for(Kernel::bfp16, cols)), max_rows_(max_rows) {
        cols_ = cols;
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

    /// Fills all rows of a matrix of `rows`: `x_of(first, count)` gives rows [first, first + count) as f32.
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
            // Its padding of K is the caller's: the layout has the operand's own columns.
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
        bfp16::shuffle(rows_of_blocks(weights), layout, {tiles_.data(), layout.bytes()});
        add_bias(weights.bias, layout);
    }

    EmulatedLinear(const LinearWeights& weights, Shared& shared)
        : shared_(shared), name_(weights.name), n_(weights.weight.rows), k_(weights.weight.cols) {
        const auto& w = weights.weight;
        if (!weights.bias.empty() && weights.bias.size() != n_) {
            throw ModelError(name_ + ": " + std::to_string(weights.bias.size()) + " biases for " +
                             std::to_string(n_) + " output features");
        }
        const bfp16::TileLayout layout = make_tiles();
        const std::span<uint8_t> tiles(tiles_.data(), tiles_.size());
        simd::RowPreparation how;
        how.rounding = shared.rounding;
        if (simd::prepare_for_npu(w, how, layout, 0, tiles)) {
            throw ModelError("the weights of " + name_ + " hold " + place_of_bad_value(w, kLimit));
        }
        add_bias(weights.bias, layout);
    }

    size_t n() const override { return n_; }
    size_t k() const override { return k_; }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check(x, y.rows, y.cols);
        for (const auto& part : operand(x).parts()) {
            const MatrixView<const float> c = multiply(operand(x), part);
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
        check(x, x.rows(), y.cols());
        const auto parts = operand(x).parts();
        simd::RowPreparation how;
        how.operation = epilogue == Epilogue::gelu ? simd::RowOperation::gelu : simd::RowOperation::none;
        how.rounding = shared_.rounding;
        Buffer<float> whole(parts.size() > 1 ? x.rows() * n_ : 0);
        MatrixView<const float> c;
        for (const auto& part : parts) {
            c = multiply(operand(x), part);
            if (parts.size() == 1) break;
            for (size_t r = 0; r < part.rows; ++r)
                std::copy_n(c.row(r), n_, whole.data() + (part.first + r) * n_);
        }
        if (parts.size() > 1) c = whole.matrix(x.rows(), n_);
        const Stopwatch watch;
        auto& result = dynamic_cast<EmulatedOperand&>(y);
        const auto bad =
            result.fill(x.rows(), how, [&](size_t first, size_t count) { return c.rows_from(first, count); });
        shared_.stats.prepare_seconds += watch.seconds();
        if (bad) {
            throw DeviceError(name_ + ": its result has Inf or NaN at row " + std::to_string(bad->row) +
                              ", column " + std::to_string(bad->col));
        }
        return {};
    }

  private:
    /// Room for the weights, all zero, and its layout.
    bfp16::TileLayout make_tiles() {
        const Gemm shape = shared_.plan.gemm(shared_.plan.program_for(Kernel::bfp16, k_), 1, k_, n_);
        tiles_ = Buffer<uint8_t>(shape.b_bytes());
        std::fill(tiles_.begin(), tiles_.end(), uint8_t{0});
        bfp16::TileLayout layout = shape.b_layout();
        layout.cols = k_;
        return layout;
    }

    void add_bias(std::span<const float> bias, const bfp16::TileLayout& layout) {
        for (size_t first = 0; first < bias.size(); first += layout.tile_rows) {
            const size_t count = std::min(layout.tile_rows, n_ - first);
            std::memcpy(tiles_.data() + first / layout.tile_rows * layout.row_tile_bytes(),
                        bias.data() + first, count * sizeof(float));
        }
    }

    static const EmulatedOperand& operand(const Operand& x) {
        return dynamic_cast<const EmulatedOperand&>(x);
    }

    void check(const Operand& x, size_t rows, size_t cols) const {
        if (x.cols() == k_ && rows == x.rows() && cols == n_) return;
        throw DeviceError(name_ + ": cannot make [" + std::to_string(rows) + " × " + std::to_string(cols) +
                          "] of [" + std::to_string(x.rows()) + " × " + std::to_string(x.cols()) +
                          "] with weights [" + std::to_string(n_) + " × " + std::to_string(k_) + "]");
    }

    /// Returns [part.rows × n], in the device's own memory until the next call.
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
    EmulatedDevice(const DeviceOptions& options, ThreadPool& pool) : shared_{options.rounding, pool} {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = "emulated";
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
        auto& operand = dynamic_cast<EmulatedOperand&>(out);
        check_columns(x, operand);
        simd::RowPreparation how;
        how.rounding = shared_.rounding;
        if (norm != nullptr) {
            if (x.cols % bfp16::kBlockSize != 0) {
                throw DeviceError("layer norm needs a row length that is a multiple of 8, not " +
                                  std::to_string(x.cols));
            }
            how.operation = simd::RowOperation::layer_norm;
            how.norm_weight = norm->weight.data();
            how.norm_bias = norm->bias.data();
        }
        const Stopwatch watch;
        const auto bad =
            operand.fill(x.rows, how, [&](size_t first, size_t count) { return x.rows_from(first, count); });
        shared_.stats.prepare_seconds += watch.seconds();
        if (bad)
            throw DeviceError("an operand of the emulated device holds " + place_of_bad_value(x, kLimit));
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
    throw DeviceError("the emulated device multiplies in bfp16, int8 or int8-tensor, not in " +
                      std::string(name(options.precision)) + ", which the array's kernels do not have");
}

}  // namespace npuscribe
