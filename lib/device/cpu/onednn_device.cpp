#include "device/cpu/onednn_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/checks.h"
#include "device/cpu/cpu_info.h"
#include "device/cpu/onednn_matmul.h"
#include "device/operand_rows.h"
#include "simd/isa.h"
#include "simd/rows/blocks.h"

namespace npuscribe {
namespace {

// A block of rows stays in a core's cache from quantisation through the matmul to its epilogue: of FC1's
// result, 64 × 2048 f32 are half of a 1 MB L2.
constexpr size_t kBlockRows = 64;

simd::Numerics numerics_of(Precision precision) {
    switch (precision) {
        case Precision::bfp16:
            return simd::Numerics::bfp16;
        case Precision::bf16:
            return simd::Numerics::bf16;
        case Precision::fp32:
            return simd::Numerics::f32;
        default:
            break;
    }
    throw DeviceError(
        fmt::format("oneDNN's back end multiplies in bfp16, bf16 or fp32, not in {}", name(precision)));
}

/// Rows in the numerics of the device: bfloat16 bits or f32, K padded with zeros to whole blocks.
class OneDnnOperand final : public Operand {
  public:
    OneDnnOperand(size_t max_rows, size_t cols, bool bf16, const Device& device)
        : Operand(device, cols),
          max_rows_(max_rows),
          padded_(bfp16::padded(cols)),
          element_(bf16 ? sizeof(uint16_t) : sizeof(float)),
          storage_(max_rows * padded_ * element_) {}

    void resize(size_t rows) {
        check_fits(rows, max_rows_);
        rows_ = rows;
    }
    const void* row(size_t r) const { return storage_.data() + r * padded_ * element_; }

    /// Rounds `x` [m × cols] into rows [first, first + m). Returns the first bad row, counted from 0 in `x`.
    std::optional<size_t> fill(size_t first, MatrixView<const float> x, const simd::RowPreparation& how) {
        Buffer<float> wide;
        if (x.cols != padded_) {  // never in Whisper, whose dimensions are multiples of 8
            wide = Buffer<float>(x.rows * padded_);
            for (size_t r = 0; r < x.rows; ++r) {
                float* end = std::copy_n(x.row(r), x.cols, wide.data() + r * padded_);
                std::fill(end, wide.data() + (r + 1) * padded_, 0.0F);
            }
            x = wide.matrix(x.rows, padded_);
        }
        if (element_ == sizeof(uint16_t))
            return simd::prepare_bf16(x, how, {reinterpret_cast<uint16_t*>(at(first)), x.rows, padded_});
        return simd::prepare_f32(x, how, {reinterpret_cast<float*>(at(first)), x.rows, padded_});
    }

  private:
    uint8_t* at(size_t r) { return storage_.data() + r * padded_ * element_; }

    size_t max_rows_;
    size_t padded_;
    size_t element_;  // bytes a value
    Buffer<uint8_t> storage_;
};

/// One worker's share of the statistics, on a cache line of its own.
struct alignas(kCacheLine) WorkerTimes {
    double prepare = 0;
    double matmul = 0;
};

struct Shared {
    Precision precision;
    bfp16::Rounding rounding;
    bool bf16;  // true: operands are bfloat16 bits; false: f32
    ThreadPool& pool;
    const Device& device;  // that these belong to
    std::vector<WorkerTimes> times;
    std::vector<Buffer<float>> scratch;  // a block of rows for each worker
    uint64_t matmuls = 0;

    template <class What>  // a layer norm or an epilogue
    simd::RowPreparation preparation(What what) const {
        return npuscribe::preparation(what, numerics_of(precision), rounding);
    }
};

class OneDnnLinear final : public Linear {
  public:
    OneDnnLinear(const LinearWeights& weights, Shared& shared)
        : shared_(shared), name_(weights.name), cols_(weights.weight.cols), matmul_(make(weights, shared)) {}
    OneDnnLinear(const BlockWeights& weights, Shared& shared)
        : shared_(shared), name_(weights.name), cols_(weights.k), matmul_(make(weights, shared)) {}

    size_t n() const override { return matmul_.n(); }
    size_t k() const override { return cols_; }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(name_, *this, x, y.rows, y.cols);
        const bool accumulate = epilogue == Epilogue::add_residual;
        prepare_shapes(x.rows(), y.stride, accumulate);
        const auto& operand = as_own<OneDnnOperand>(x, shared_.device);
        shared_.pool.for_each(x.rows(), kBlockRows, [&](size_t begin, size_t end, size_t worker) {
            const Stopwatch watch;
            matmul_.execute(operand.row(begin), end - begin, y.row(begin), y.stride, accumulate, worker);
            if (epilogue == Epilogue::gelu) simd::gelu(y.rows_from(begin, end - begin));
            shared_.times[worker].matmul += watch.seconds();
        });
        ++shared_.matmuls;
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        check_into_operand(name_, epilogue);
        auto& result = as_own<OneDnnOperand>(y, shared_.device);
        result.resize(x.rows());
        check_product(name_, *this, x, y.rows(), y.cols());
        prepare_shapes(x.rows(), n(), false);
        const auto& operand = as_own<OneDnnOperand>(x, shared_.device);
        const auto how = shared_.preparation(epilogue);
        std::atomic<size_t> bad_row{x.rows()};
        shared_.pool.for_each(x.rows(), kBlockRows, [&](size_t begin, size_t end, size_t worker) {
            Stopwatch watch;
            auto& scratch = shared_.scratch[worker];
            scratch.reserve_discard(kBlockRows * n());
            matmul_.execute(operand.row(begin), end - begin, scratch.data(), n(), false, worker);
            shared_.times[worker].matmul += watch.seconds();
            watch.restart();
            const auto bad = result.fill(begin, scratch.matrix(end - begin, n()), how);
            if (bad) bad_row.store(begin + *bad);
            shared_.times[worker].prepare += watch.seconds();
        });
        ++shared_.matmuls;
        if (bad_row != x.rows()) refuse_result(name_, bad_row);
        return {};
    }

  private:
    static OneDnnMatmul make(const LinearWeights& weights, Shared& shared) {
        const auto& w = weights.weight;
        check_bias(weights.name, weights.bias, w.rows);
        const size_t padded = bfp16::padded(w.cols);
        const auto how = shared.preparation(Epilogue::none);
        std::atomic<bool> bad{false};
        const auto checked = [&](OneDnnMatmul matmul) {
            if (bad) refuse_weights(weights.name, w);
            return matmul;
        };
        if (shared.bf16 && w.cols == padded) {
            const auto rows = [&](size_t first, MatrixView<uint16_t> out) {
                if (simd::prepare_bf16(w.rows_from(first, out.rows), how, out)) bad = true;
            };
            return checked({w.rows, padded, rows, weights.bias, shared.pool});
        }
        OneDnnOperand rounded(w.rows, w.cols, shared.bf16, shared.device);
        rounded.resize(w.rows);
        shared.pool.for_each(w.rows, kBlockRows, [&](size_t begin, size_t end, size_t) {
            if (rounded.fill(begin, w.rows_from(begin, end - begin), how)) bad = true;
        });
        if (shared.bf16) {
            const auto rows = [&](size_t first, MatrixView<uint16_t> out) {
                std::memcpy(out.data, rounded.row(first), out.rows * padded * sizeof(uint16_t));
            };
            return checked({w.rows, padded, rows, weights.bias, shared.pool});
        }
        return checked({MatrixView<const float>(static_cast<const float*>(rounded.row(0)), w.rows, padded),
                        weights.bias, shared.pool.size()});
    }

    static OneDnnMatmul make(const BlockWeights& weights, Shared& shared) {
        check_blocks(weights, &shared.pool);
        const auto restore = [&](size_t first, auto out) {
            simd::restore_panels(weights.panels.data(), first, out);
        };
        if (shared.bf16) return {weights.n, weights.k, restore, weights.bias, shared.pool};
        Buffer<float> values(weights.n * weights.k);
        const auto whole = values.matrix(weights.n, weights.k);
        shared.pool.for_each(weights.n, kBlockRows, [&](size_t begin, size_t end, size_t) {
            restore(begin, whole.rows_from(begin, end - begin));
        });
        return {MatrixView<const float>(whole), weights.bias, shared.pool.size()};
    }

    /// Makes the primitives for `rows` rows: for whole blocks and for what is left.
    void prepare_shapes(size_t rows, size_t y_stride, bool accumulate) {
        if (rows >= kBlockRows) matmul_.prepare(kBlockRows, y_stride, accumulate);
        if (rows % kBlockRows != 0) matmul_.prepare(rows % kBlockRows, y_stride, accumulate);
    }

    Shared& shared_;
    std::string name_;
    size_t cols_;
    OneDnnMatmul matmul_;
};

class OneDnnDevice final : public Device {
  public:
    OneDnnDevice(const DeviceOptions& options, ThreadPool& pool)
        : shared_{options.precision,
                  options.rounding,
                  options.precision != Precision::fp32 && onednn_has_bf16() && simd::isa() >= simd::Isa::bf16,
                  pool,
                  *this,
                  std::vector<WorkerTimes>(pool.size()),
                  std::vector<Buffer<float>>(pool.size())} {
        numerics_of(options.precision);  // throws if this back end does not have the precision
    }

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = kCpuDevice;
        info.description = cpu_description();
        info.precision = shared_.precision;
        info.numerics = name(shared_.precision);
        if (shared_.precision != Precision::fp32)
            info.numerics += shared_.bf16 ? " as native bf16" : " as f32";
        return info;
    }

    DeviceStats stats() const override { return stats_of(shared_.times, shared_.matmuls); }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<OneDnnLinear>(weights, shared_);
    }

    std::unique_ptr<Linear> load_blocks(const BlockWeights& weights) override {
        if (shared_.precision == Precision::fp32) return Device::load_blocks(weights);
        return std::make_unique<OneDnnLinear>(weights, shared_);
    }

    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<OneDnnOperand>(max_rows, cols, shared_.bf16, *this);
    }

    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        auto& operand = as_own<OneDnnOperand>(out, *this);
        check_prepare(x, norm, operand);
        operand.resize(x.rows);
        const auto how = shared_.preparation(norm);
        std::atomic<bool> bad{false};
        shared_.pool.for_each(x.rows, kBlockRows, [&](size_t begin, size_t end, size_t worker) {
            const Stopwatch watch;
            if (operand.fill(begin, x.rows_from(begin, end - begin), how)) bad = true;
            shared_.times[worker].prepare += watch.seconds();
        });
        if (bad) refuse_operand(kCpuDevice, x);
    }

  private:
    Shared shared_;
};

}  // namespace

std::unique_ptr<Device> make_cpu_onednn_device(const DeviceOptions& options, ThreadPool& pool) {
    return std::make_unique<OneDnnDevice>(options, pool);
}

}  // namespace npuscribe
