#include "device/emulated/emulated_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/array/array_model.h"
#include "device/array/array_results.h"
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
    Buffer<uint8_t> result{};  // C of the current matmul, as the array leaves it

    /// `dispatches`: 0 for a later call of a runlist.
    void count(const Gemm& gemm, const array::Traffic& traffic, double dispatches) {
        const array::ModelledTime time = array::model(gemm, assumptions, dispatches);
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
    Gemm gemm(size_t rows, size_t n, array::Result result = array::Result::sums) const {
        return shared_.plan.gemm(program_, rows, cols_, n, result);
    }

    /// For the array to write: sets the size, and returns the memory of each part.
    std::vector<std::span<uint8_t>> begin(size_t rows) {
        check_fits(rows, max_rows_);
        rows_ = rows;
        std::vector<std::span<uint8_t>> tiles;
        for (const Part& part : parts()) tiles.emplace_back(parts_[tiles.size()].data(), part.tiles.size());
        return tiles;
    }

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
        : shared_(shared),
          name_(weights.name),
          n_(weights.n),
          k_(weights.k),
          result_(weights.sums == Sums::bf16 ? array::Result::bf16 : array::Result::sums) {
        check_blocks(weights);
        bfp16::TileLayout layout = make_tiles();
        layout.rows = n_;
        array::lay_out_blocks(weights, layout, tiles());
        array::lay_out_bias(weights.bias, layout, tiles());
    }

    EmulatedLinear(const LinearWeights& weights, Shared& shared)
        : shared_(shared),
          name_(weights.name),
          n_(weights.weight.rows),
          k_(weights.weight.cols),
          result_(weights.sums == Sums::bf16 ? array::Result::bf16 : array::Result::sums) {
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
        for (const auto& part : left.parts()) take(multiply(left, part), part.first, part.rows, y, epilogue);
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        check_into_operand(name_, epilogue);
        check_product(name_, *this, x, x.rows(), y.cols());
        const auto& left = as_own<EmulatedOperand>(x, shared_.device);
        auto& result = as_own<EmulatedOperand>(y, shared_.device);
        const auto how = preparation(epilogue, simd::Numerics::bfp16, shared_.rounding);
        Buffer<float> whole(x.rows() * n_);
        const auto c = whole.matrix(x.rows(), n_);
        for (const auto& part : left.parts())
            take(multiply(left, part), part.first, part.rows, c, Epilogue::none);
        const Stopwatch watch;
        const auto bad =
            result.fill(x.rows(), how, [&](size_t first, size_t count) { return c.rows_from(first, count); });
        shared_.stats.prepare_seconds += watch.seconds();
        if (bad) {
            refuse_result(name_, fmt::format("Inf or NaN at row {}, column {}", bad->row, bad->col));
        }
        return {};
    }

    /// True if the array can write this product, after GELU, where `next` reads its operand.
    bool feeds(const EmulatedLinear& next) const {
        const Plan& plan = shared_.plan;
        const Gemm one = plan.gemm(plan.program_for(Kernel::bfp16, k_), 1, k_, n_, array::Result::gelu_bfp16);
        return one.feeds(plan.gemm(plan.program_for(Kernel::bfp16, next.k_), 1, next.k_, next.n_));
    }

    /// y += next(gelu(this(x))), both calls in one runlist.
    void submit_chain(const Operand& x, Operand& inner, EmulatedLinear& next, MatrixView<float> y) {
        check_product(name_, *this, x, x.rows(), inner.cols());
        const auto& left = as_own<EmulatedOperand>(x, shared_.device);
        auto& between = as_own<EmulatedOperand>(inner, shared_.device);
        const auto tiles = between.begin(x.rows());
        check_product(next.name_, next, inner, y.rows, y.cols);
        const auto parts = left.parts(), inner_parts = between.parts();
        for (size_t i = 0; i < parts.size(); ++i) {
            const Gemm shape = left.gemm(parts[i].rows, n_, array::Result::gelu_bfp16);
            const double dispatches = i == 0 ? 1 : 0;
            run(shape, parts[i], tiles[i], dispatches);
            next.take(next.multiply(between, inner_parts[i], 0), parts[i].first, parts[i].rows, y,
                      Epilogue::add_residual);
        }
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

    /// A product, in memory of the device that the next call overwrites.
    struct Product {
        Gemm shape;
        std::span<const uint8_t> c;
    };
    Product multiply(const EmulatedOperand& x, const EmulatedOperand::Part& part, double dispatches = 1) {
        const Gemm shape = x.gemm(part.rows, n_, result_);
        shared_.result.reserve_discard(shape.c_bytes());
        const std::span<uint8_t> c(shared_.result.data(), shape.c_bytes());
        run(shape, part, c, dispatches);
        return {shape, c};
    }

    void run(const Gemm& shape, const EmulatedOperand::Part& part, std::span<uint8_t> c, double dispatches) {
        const auto traffic = array::run(shared_.plan, shape, part.tiles, tiles(), c, shared_.pool);
        shared_.count(shape, traffic, dispatches);
    }

    /// Rows [first, first + rows) of `y` from the first `rows` of a product.
    void take(const Product& product, size_t first, size_t rows, MatrixView<float> y, Epilogue epilogue) {
        const auto layout = array::result_layout(product.shape);
        shared_.pool.for_each(rows, kGrain, [&](size_t begin, size_t end, size_t) {
            const auto out = y.rows_from(first + begin, end - begin);
            simd::take_results(product.c, layout, begin, epilogue == Epilogue::add_residual, out);
            if (epilogue == Epilogue::gelu) simd::gelu(out);
        });
    }

    Shared& shared_;
    std::string name_;
    size_t n_, k_;
    array::Result result_;
    Buffer<uint8_t> tiles_;
};

class EmulatedFeedForward final : public FeedForward {
  public:
    EmulatedFeedForward(std::unique_ptr<EmulatedLinear> first, std::unique_ptr<EmulatedLinear> second)
        : first_(std::move(first)), second_(std::move(second)) {}

    Run submit(const Operand& x, Operand& inner, MatrixView<float> y) override {
        first_->submit_chain(x, inner, *second_, y);
        return {};
    }

  private:
    std::unique_ptr<EmulatedLinear> first_, second_;
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
        info.joins_linears = true;
        return info;
    }

    DeviceStats stats() const override { return shared_.stats; }

    std::unique_ptr<FeedForward> chain(std::unique_ptr<Linear> first,
                                       std::unique_ptr<Linear> second) override {
        const auto* one = dynamic_cast<EmulatedLinear*>(first.get());
        const auto* two = dynamic_cast<EmulatedLinear*>(second.get());
        // A core rounds to nearest even, whatever the host does.
        const bool here = one != nullptr && two != nullptr && one->feeds(*two) &&
                          shared_.rounding == bfp16::Rounding::nearest_even;
        if (!here) return Device::chain(std::move(first), std::move(second));
        const auto own = [](std::unique_ptr<Linear> linear) {
            return std::unique_ptr<EmulatedLinear>(static_cast<EmulatedLinear*>(linear.release()));
        };
        return std::make_unique<EmulatedFeedForward>(own(std::move(first)), own(std::move(second)));
    }

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
