#include "device/int8_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/checks.h"
#include "device/int8_operand.h"
#include "device/operand_rows.h"
#include "simd/rows/int8_rows.h"
#include "simd/rows/prepare.h"

namespace npuscribe {
namespace {

constexpr size_t kGrain = 16;  // rows that a worker converts at a time

/// What each worker has to itself, on a cache line of its own.
struct alignas(kCacheLine) Worker {
    Buffer<float> rows{};  // f32 on the way to INT8
    double seconds = 0;    // spent in conversions
};

struct Shared {
    DeviceOptions options;
    ThreadPool& pool;
    std::unique_ptr<Int8Backend> backend;
    const Device& device;  // that these belong to
    DeviceStats stats{};
    std::vector<Worker> workers{};

    bool one_exponent() const { return options.precision == Precision::int8_tensor; }
};

/// Fills `rows` from `x`. Returns false if a value is out of range.
bool fill(Int8Rows& rows, MatrixView<const float> x, const simd::RowPreparation& how, Shared& shared) {
    rows.resize(x.rows);
    std::atomic<bool> good{true};
    shared.pool.for_each(x.rows, kGrain, [&](size_t begin, size_t end, size_t worker) {
        const auto values =
            in_whole_blocks(x.rows_from(begin, end - begin), how, shared.workers[worker].rows);
        for (size_t r = 0; r < values.rows; ++r) {
            if (!rows.put(begin + r, values.row(r))) good = false;
        }
    });
    rows.finish(shared.pool);
    return good;
}

class Int8Linear final : public Linear {
  public:
    Int8Linear(const LinearWeights& weights, Shared& shared)
        : shared_(shared),
          name_(weights.name),
          n_(weights.weight.rows),
          k_(weights.weight.cols),
          padded_n_(bfp16::padded(n_)),
          units_(padded_n_, 0.0F) {
        const auto& w = weights.weight;
        check_bias(name_, weights.bias, n_);
        Int8Rows rows(n_, k_, shared.one_exponent(), shared.options.rounding);
        const auto as_they_are = preparation(nullptr, simd::Numerics::f32, shared.options.rounding);
        if (!fill(rows, w, as_they_are, shared)) refuse_weights(name_, w);
        for (size_t j = 0; j < n_; ++j) units_[j] = bfp16::mantissa_unit(rows.exponents()[j]);
        bias_.assign(weights.bias.begin(), weights.bias.end());
        if (!bias_.empty()) bias_.resize(padded_n_, 0.0F);
        const auto q = rows.values();
        Buffer<int8_t> padded(padded_n_ * q.cols);
        std::copy_n(q.data, n_ * q.cols, padded.data());
        std::fill(padded.data() + n_ * q.cols, padded.end(), int8_t{0});
        weights_ = shared.backend->load({padded.data(), padded_n_, q.cols});
    }

    size_t n() const override { return n_; }
    size_t k() const override { return k_; }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(name_, *this, x, y.rows, y.cols);
        const bool accumulate = epilogue == Epilogue::add_residual;
        multiply(as_own<Int8Operand>(x, shared_.device),
                 [&](size_t row, const Int32Row& sums, Worker& worker) {
                     float* out = y.row(row);
                     if (padded_n_ == n_) {
                         if (!sums.to(out, accumulate)) return false;
                     } else {
                         worker.rows.reserve_discard(padded_n_);
                         if (!sums.to(worker.rows.data(), false)) return false;
                         for (size_t j = 0; j < n_; ++j)
                             out[j] = worker.rows[j] + (accumulate ? out[j] : 0.0F);
                     }
                     if (epilogue == Epilogue::gelu) simd::gelu(y.rows_from(row, 1));
                     return true;
                 });
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        check_into_operand(name_, epilogue);
        auto& result = as_own<Int8Operand>(y, shared_.device);
        result.resize(x.rows());
        check_product(name_, *this, x, y.rows(), y.cols());
        multiply(as_own<Int8Operand>(x, shared_.device),
                 [&](size_t row, const Int32Row& sums, Worker& worker) {
                     worker.rows.reserve_discard(padded_n_);
                     float* values = worker.rows.data();
                     if (!sums.to(values, false)) return false;
                     std::fill(values + n_, values + padded_n_, 0.0F);
                     if (epilogue == Epilogue::gelu) simd::gelu({values, 1, n_});
                     return result.data().put(row, values);
                 });
        const Stopwatch watch;
        result.data().finish(shared_.pool);
        shared_.stats.prepare_seconds += watch.seconds();
        return {};
    }

  private:
    /// A row of INT32 sums, and what is needed to convert them to values.
    struct Int32Row {
        const Int8Linear& linear;
        const int32_t* sums;
        float unit;
        /// INT32 → BFP16 → f32, padded_n values. Returns false if one is out of BFP16's range.
        bool to(float* out, bool accumulate) const {
            return simd::int32_to_row({sums, linear.padded_n_, unit, linear.units_.data(),
                                       linear.bias_.empty() ? nullptr : linear.bias_.data()},
                                      linear.shared_.options.rounding, accumulate, out);
        }
    };

    /// x·Wᵀ. Passes each row to `use(row, sums, worker)`, which returns false if a value is out of range.
    template <class Use>
    void multiply(const Int8Operand& x, Use&& use) {
        std::atomic<bool> good{true};
        const auto& exponents = x.data().exponents();
        weights_->multiply(
            x.data().values(),
            [&](size_t first, MatrixView<const int32_t> sums, size_t index) {
                const Stopwatch watch;
                Worker& worker = shared_.workers[index];
                for (size_t r = 0; r < sums.rows; ++r) {
                    const size_t row = first + r;
                    const Int32Row line{*this, sums.row(r), bfp16::mantissa_unit(exponents[row])};
                    if (!use(row, line, worker)) good = false;
                }
                worker.seconds += watch.seconds();
            },
            shared_.stats);
        ++shared_.stats.matmuls;
        if (!good) throw DeviceError(fmt::format("{}: its result is out of BFP16's range", name_));
    }

    Shared& shared_;
    std::string name_;
    size_t n_, k_, padded_n_;
    std::vector<float> units_, bias_;  // of the padded rows of W
    std::unique_ptr<Int8Weights> weights_;
};

class Int8Device final : public Device {
  public:
    Int8Device(const DeviceOptions& options, ThreadPool& pool, std::unique_ptr<Int8Backend> backend)
        : shared_{options, pool, std::move(backend), *this} {
        shared_.workers.resize(pool.size());
    }

    DeviceInfo info() const override {
        DeviceInfo info = shared_.backend->info();
        info.precision = shared_.options.precision;
        info.numerics += shared_.one_exponent() ? ", one exponent a tensor" : ", one exponent a row";
        return info;
    }

    DeviceStats stats() const override {
        DeviceStats stats = shared_.stats;
        // Workers run side by side: the mean of their times is wall-clock time.
        for (const auto& worker : shared_.workers)
            stats.prepare_seconds += worker.seconds / static_cast<double>(shared_.workers.size());
        return stats;
    }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<Int8Linear>(weights, shared_);
    }

    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<Int8Operand>(max_rows, cols, shared_.options, *this);
    }

    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        auto& operand = as_own<Int8Operand>(out, *this);
        check_prepare(x, norm, operand);
        const auto how = preparation(norm, simd::Numerics::f32, shared_.options.rounding);
        const Stopwatch watch;
        operand.resize(x.rows);
        const bool good = fill(operand.data(), x, how, shared_);
        shared_.stats.prepare_seconds += watch.seconds();
        if (!good) refuse_operand(shared_.backend->info().name, x);
    }

  private:
    Shared shared_;
};

}  // namespace

std::unique_ptr<Device> make_int8_device(const DeviceOptions& options, ThreadPool& pool,
                                         std::unique_ptr<Int8Backend> backend) {
    return std::make_unique<Int8Device>(options, pool, std::move(backend));
}

}  // namespace npuscribe
