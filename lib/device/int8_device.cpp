#include "device/int8_device.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "bfp16/int8.h"
#include "device/bad_value.h"
#include "simd/int8_convert.h"
#include "simd/prepare.h"

namespace npuscribe {
namespace {

using bfp16::kBlockSize;

constexpr size_t kGrain = 16;       // rows of a piece of work
constexpr float kLimit = 0x1p111F;  // as simd::to_blocks refuses it

struct Shared {
    DeviceOptions options;
    ThreadPool& pool;
    std::unique_ptr<Int8Backend> backend;
    DeviceStats stats{};
    Buffer<int32_t> sums{};
    std::vector<Buffer<float>> row_scratch{};  // a worker each
    std::vector<Buffer<uint8_t>> block_scratch{};

    bool one_exponent() const { return options.precision == Precision::int8_tensor; }
};

/// Rows as INT8, K padded with zeros to whole blocks, and their common exponents: one a row, or one for all.
class Int8Rows {
  public:
    Int8Rows(size_t max_rows, size_t cols)
        : max_rows_(max_rows),
          cols_(cols),
          padded_(bfp16::padded(cols)),
          blocks_(max_rows * bfp16::row_bytes(cols)),
          values_(max_rows * padded_) {}

    MatrixView<const int8_t> values() const { return {values_.data(), rows_, padded_}; }
    const std::vector<uint8_t>& exponents() const { return exponents_; }

    /// `x_of(first, count)` gives rows as f32. Returns false where a value is out of range.
    template <class Rows>
    bool fill(size_t rows, const simd::RowPreparation& how, Shared& shared, Rows&& x_of) {
        if (rows > max_rows_) {
            throw DeviceError("an operand of " + std::to_string(rows) + " rows does not fit where " +
                              std::to_string(max_rows_) + " were planned");
        }
        rows_ = rows;
        const size_t bytes = bfp16::row_bytes(cols_);
        const size_t count = padded_ / kBlockSize;
        std::vector<uint8_t> exponents(rows);
        std::atomic<bool> good{true};
        shared.pool.for_each(rows, kGrain, [&](size_t begin, size_t end, size_t worker) {
            const MatrixView<const float> x =
                normalised(x_of(begin, end - begin), how, shared.row_scratch[worker]);
            if (!simd::to_blocks(x, how.rounding, blocks_.data() + begin * bytes)) good = false;
            for (size_t row = begin; row < end; ++row) {
                exponents[row] = simd::largest_exponent(blocks_.data() + row * bytes, count);
                if (!shared.one_exponent()) align(row, exponents[row]);
            }
        });
        if (shared.one_exponent()) {
            const uint8_t largest =
                rows == 0 ? uint8_t{0} : *std::max_element(exponents.begin(), exponents.end());
            shared.pool.for_each(rows, kGrain, [&](size_t begin, size_t end, size_t) {
                for (size_t row = begin; row < end; ++row) align(row, largest);
            });
            exponents.assign(rows, largest);
        }
        exponents_ = std::move(exponents);
        return good;
    }

  private:
    void align(size_t row, uint8_t exponent) {
        simd::blocks_to_int8(blocks_.data() + row * bfp16::row_bytes(cols_), padded_ / kBlockSize, exponent,
                             values_.data() + row * padded_);
    }

    /// `x` after norm or GELU, its rows padded with zeros to whole blocks.
    MatrixView<const float> normalised(MatrixView<const float> x, const simd::RowPreparation& how,
                                       Buffer<float>& scratch) const {
        if (how.operation == simd::RowOperation::none && x.cols == padded_) return x;
        scratch.reserve_discard(kGrain * padded_);
        const MatrixView<float> out(scratch.data(), x.rows, padded_);
        if (x.cols == padded_) {
            simd::prepare_f32(x, how, out);
            return out;
        }
        if (how.operation == simd::RowOperation::layer_norm) {
            throw DeviceError("layer norm needs a row length that is a multiple of 8, not " +
                              std::to_string(x.cols));
        }
        for (size_t r = 0; r < x.rows; ++r) {
            std::copy_n(x.row(r), x.cols, out.row(r));
            std::fill(out.row(r) + x.cols, out.row(r) + padded_, 0.0F);
        }
        if (how.operation == simd::RowOperation::gelu) simd::gelu(out);
        return out;
    }

    size_t max_rows_, cols_, padded_;
    size_t rows_ = 0;
    Buffer<uint8_t> blocks_;
    Buffer<int8_t> values_;
    std::vector<uint8_t> exponents_;
};

class Int8Operand final : public Operand {
  public:
    Int8Operand(size_t max_rows, size_t cols) : data_(max_rows, cols) { cols_ = cols; }

    template <class Rows>
    bool fill(size_t rows, const simd::RowPreparation& how, Shared& shared, Rows&& x_of) {
        const Stopwatch watch;
        const bool good = data_.fill(rows, how, shared, x_of);
        rows_ = rows;
        shared.stats.prepare_seconds += watch.seconds();
        return good;
    }
    const Int8Rows& data() const { return data_; }

  private:
    Int8Rows data_;
};

simd::RowPreparation preparation(simd::RowOperation operation, const Shared& shared) {
    simd::RowPreparation how;
    how.operation = operation;
    how.numerics = simd::Numerics::f32;
    how.rounding = shared.options.rounding;
    return how;
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
        if (!weights.bias.empty() && weights.bias.size() != n_) {
            throw ModelError(name_ + ": " + std::to_string(weights.bias.size()) + " biases for " +
                             std::to_string(n_) + " output features");
        }
        Int8Rows rows(n_, k_);
        if (!rows.fill(n_, preparation(simd::RowOperation::none, shared), shared,
                       [&](size_t first, size_t count) { return w.rows_from(first, count); })) {
            throw ModelError("the weights of " + name_ + " hold " + place_of_bad_value(w, kLimit));
        }
        for (size_t j = 0; j < n_; ++j) units_[j] = simd::mantissa_unit(rows.exponents()[j]);
        bias_.assign(weights.bias.begin(), weights.bias.end());
        if (!bias_.empty()) bias_.resize(padded_n_, 0.0F);
        const auto q = rows.values();
        Buffer<int8_t> padded(padded_n_ * q.cols);
        std::copy_n(q.data, n_ * q.cols, padded.data());
        std::fill(padded.data() + n_ * q.cols, padded.end(), int8_t{0});
        weights_ = shared.backend->load({padded.data(), padded_n_, q.cols}, name_);
    }

    size_t n() const override { return n_; }
    size_t k() const override { return k_; }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check(x, y.rows, y.cols);
        multiply(operand(x));
        const Stopwatch watch;
        convert(operand(x), [&](size_t first, MatrixView<const float> rows) {
            for (size_t r = 0; r < rows.rows; ++r) {
                float* out = y.row(first + r);
                if (epilogue == Epilogue::add_residual) {
                    std::transform(rows.row(r), rows.row(r) + n_, out, out, std::plus<>());
                } else {
                    std::copy_n(rows.row(r), n_, out);
                }
            }
            if (epilogue == Epilogue::gelu) simd::gelu(y.rows_from(first, rows.rows));
        });
        shared_.stats.prepare_seconds += watch.seconds();
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        if (epilogue == Epilogue::add_residual) {
            throw DeviceError(name_ + ": a residual can only be added to a matrix, not to an operand");
        }
        check(x, x.rows(), y.cols());
        multiply(operand(x));
        const Stopwatch watch;
        result_.reserve_discard(x.rows() * n_);
        convert(operand(x), [&](size_t first, MatrixView<const float> rows) {
            for (size_t r = 0; r < rows.rows; ++r)
                std::copy_n(rows.row(r), n_, result_.data() + (first + r) * n_);
        });
        shared_.stats.prepare_seconds += watch.seconds();
        const auto operation =
            epilogue == Epilogue::gelu ? simd::RowOperation::gelu : simd::RowOperation::none;
        const MatrixView<const float> whole(result_.data(), x.rows(), n_);
        if (!dynamic_cast<Int8Operand&>(y).fill(
                x.rows(), preparation(operation, shared_), shared_,
                [&](size_t first, size_t count) { return whole.rows_from(first, count); })) {
            throw DeviceError(name_ + ": its result holds " + place_of_bad_value(whole, kLimit));
        }
        return {};
    }

  private:
    static const Int8Operand& operand(const Operand& x) { return dynamic_cast<const Int8Operand&>(x); }

    void check(const Operand& x, size_t rows, size_t cols) const {
        if (x.cols() == k_ && rows == x.rows() && cols == n_) return;
        throw DeviceError(name_ + ": cannot make [" + std::to_string(rows) + " × " + std::to_string(cols) +
                          "] of [" + std::to_string(x.rows()) + " × " + std::to_string(x.cols()) +
                          "] with weights [" + std::to_string(n_) + " × " + std::to_string(k_) + "]");
    }

    void multiply(const Int8Operand& x) {
        shared_.sums.reserve_discard(x.rows() * padded_n_);
        shared_.backend->multiply(*weights_, x.data().values(), shared_.sums.matrix(x.rows(), padded_n_),
                                  shared_.stats);
        ++shared_.stats.matmuls;
    }

    /// INT32 → BFP16 → f32, a few rows at a time: `use(first, rows)` from any thread.
    template <class Use>
    void convert(const Int8Operand& x, Use&& use) {
        const size_t bytes = bfp16::row_bytes(padded_n_);
        std::atomic<bool> good{true};
        shared_.pool.for_each(x.rows(), kGrain, [&](size_t begin, size_t end, size_t worker) {
            auto& values = shared_.row_scratch[worker];
            auto& blocks = shared_.block_scratch[worker];
            values.reserve_discard(kGrain * padded_n_);
            blocks.reserve_discard(bytes);
            for (size_t row = begin; row < end; ++row) {
                if (!simd::int32_to_blocks(shared_.sums.data() + row * padded_n_, padded_n_,
                                           x.data().exponents()[row], units_.data(),
                                           bias_.empty() ? nullptr : bias_.data(), shared_.options.rounding,
                                           blocks.data())) {
                    good = false;
                }
                simd::blocks_to_f32(blocks.data(), padded_n_ / kBlockSize,
                                    values.data() + (row - begin) * padded_n_);
            }
            use(begin, MatrixView<const float>(values.data(), end - begin, n_, padded_n_));
        });
        if (!good) throw DeviceError(name_ + ": its result is out of the range of BFP16");
    }

    Shared& shared_;
    std::string name_;
    size_t n_, k_, padded_n_;
    std::vector<float> units_, bias_;  // of the padded rows of W
    std::unique_ptr<Int8Weights> weights_;
    Buffer<float> result_;
};

class Int8Device final : public Device {
  public:
    Int8Device(const DeviceOptions& options, ThreadPool& pool, std::unique_ptr<Int8Backend> backend)
        : shared_{options, pool, std::move(backend)} {
        shared_.row_scratch.resize(pool.size());
        shared_.block_scratch.resize(pool.size());
    }

    DeviceInfo info() const override {
        DeviceInfo info = shared_.backend->info();
        info.precision = shared_.options.precision;
        info.numerics += shared_.one_exponent() ? ", one exponent a tensor" : ", one exponent a row";
        return info;
    }

    DeviceStats stats() const override { return shared_.stats; }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<Int8Linear>(weights, shared_);
    }

    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<Int8Operand>(max_rows, cols);
    }

    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        auto& operand = dynamic_cast<Int8Operand&>(out);
        if (x.cols != operand.cols()) {
            throw DeviceError("rows of " + std::to_string(x.cols) + " values do not fit an operand of " +
                              std::to_string(operand.cols()) + " columns");
        }
        auto how =
            preparation(norm != nullptr ? simd::RowOperation::layer_norm : simd::RowOperation::none, shared_);
        if (norm != nullptr) {
            how.norm_weight = norm->weight.data();
            how.norm_bias = norm->bias.data();
        }
        if (!operand.fill(x.rows, how, shared_,
                          [&](size_t first, size_t count) { return x.rows_from(first, count); })) {
            throw DeviceError("an operand of the " + shared_.backend->info().name + " device holds " +
                              place_of_bad_value(x, kLimit));
        }
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
