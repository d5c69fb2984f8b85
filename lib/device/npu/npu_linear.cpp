#include "device/npu/npu_linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/array/array_weights.h"
#include "device/checks.h"
#include "device/operand_rows.h"

namespace npuscribe {

using xrt_backend::Argument;
using xrt_backend::Call;
using xrt_backend::XrtError;

namespace {

constexpr size_t kTakeOverRows = 64;  // rows of a result that one worker takes over at a time

/// Idle calls of one linear, by padded rows. The weights are bound to each call once. A call that runs
/// belongs to its run.
class CallPool {
  public:
    std::unique_ptr<Call> take(xrt_backend::Program& program, size_t rows, xrt_backend::Buffer& weights) {
        auto& idle = idle_[rows];
        if (idle.empty()) {
            auto call = program.make_call();
            call->bind(Argument::b, weights);
            return call;
        }
        auto call = std::move(idle.back());
        idle.pop_back();
        return call;
    }
    void give_back(size_t rows, std::unique_ptr<Call> call) { idle_[rows].push_back(std::move(call)); }

  private:
    std::map<size_t, std::vector<std::unique_ptr<Call>>> idle_;
};

/// One call of the array for some rows of a run.
struct Piece {
    size_t first = 0, rows = 0, padded_rows = 0;
    std::unique_ptr<Call> call;
    NpuBuffer result;  // [padded_rows × padded n], f32, row-major
    std::shared_ptr<NpuBatch> batch;
};

/// Takes the rows of a result. Any worker calls it.
class Destination {
  public:
    virtual ~Destination() = default;
    /// Stores rows [first, first + c.rows) of the result. Returns the first value that cannot be stored, or
    /// nothing.
    virtual std::optional<simd::Place> take_over(size_t first, MatrixView<const float> c) = 0;
    virtual void finish() {}
};

class IntoMatrix final : public Destination {
  public:
    IntoMatrix(MatrixView<float> y, Epilogue epilogue) : y_(y), epilogue_(epilogue) {}
    std::optional<simd::Place> take_over(size_t first, MatrixView<const float> c) override {
        for (size_t r = 0; r < c.rows; ++r) {
            float* to = y_.row(first + r);
            const float* from = c.row(r);
            if (epilogue_ == Epilogue::add_residual) {
                for (size_t i = 0; i < c.cols; ++i) to[i] += from[i];
            } else {
                std::copy_n(from, c.cols, to);
            }
        }
        if (epilogue_ == Epilogue::gelu) simd::gelu(y_.rows_from(first, c.rows));
        return {};
    }

  private:
    MatrixView<float> y_;
    Epilogue epilogue_;
};

class IntoOperand final : public Destination {
  public:
    IntoOperand(NpuOperand& y, Epilogue epilogue, bfp16::Rounding rounding)
        : y_(y), how_(preparation(epilogue, simd::Numerics::bfp16, rounding)) {}
    std::optional<simd::Place> take_over(size_t first, MatrixView<const float> c) override {
        return y_.fill_rows(first, c, how_);
    }
    void finish() override { y_.finish(); }

  private:
    NpuOperand& y_;
    simd::RowPreparation how_;
};

/// A matmul that is handed to the array.
struct Matmul {
    std::string name;  // the weights', for errors
    size_t n = 0, padded_n = 0;
    std::shared_ptr<CallPool> calls;  // takes the pieces' calls back
    std::vector<Piece> pieces;
    std::unique_ptr<Destination> destination;
    NpuOperand* operand = nullptr;  // the result, if it becomes an operand; null after completion
};

class PendingMatmul final : public Run::State, public NpuPending {
  public:
    PendingMatmul(NpuShared& shared, Matmul matmul) : shared_(shared), matmul_(std::move(matmul)) {
        if (matmul_.operand != nullptr) matmul_.operand->pending = this;
    }
    /// Called once. If it throws, the array may hold some of the calls.
    void start(xrt_backend::Context& context) {
        for (Piece& piece : matmul_.pieces)
            piece.batch = shared_.array.queue().add(context, *piece.call, matmul_.name);
        started_ = true;
    }
    /// Waits for unfinished work, because the array writes to this run's memory until it is done.
    ~PendingMatmul() override {
        try {
            if (started_) complete();
        } catch (const std::exception&) {
        }
        if (matmul_.operand != nullptr) matmul_.operand->pending = nullptr;
        if (!shared_.array.queue().lost()) return;
        for (Piece& piece : matmul_.pieces) (void)piece.call.release();
    }

    void wait() override { complete(); }

    void complete() override {
        if (std::exchange(completed_, true)) return;
        // The operand may be destroyed before this run.
        NpuOperand* const operand = std::exchange(matmul_.operand, nullptr);
        if (operand != nullptr) operand->pending = nullptr;
        for (Piece& piece : matmul_.pieces) shared_.array.queue().finish(*piece.batch);
        Stopwatch watch;
        for (Piece& piece : matmul_.pieces) {
            const size_t bytes = piece.rows * matmul_.padded_n * sizeof(float);
            try {
                piece.result->from_device(0, bytes);
            } catch (const XrtError& error) {
                throw_npu_error(error, "did not hand the result of " + matmul_.name + " back");
            }
            shared_.stats.bytes_from_device += bytes;
        }
        shared_.stats.transfer_seconds += watch.seconds();
        watch.restart();
        BadPlace bad;
        for (const Piece& piece : matmul_.pieces) take_over(piece, bad);
        // A matrix takes one more copy, an operand is quantised.
        (operand != nullptr ? shared_.stats.prepare_seconds : shared_.stats.transfer_seconds) +=
            watch.seconds();
        for (Piece& piece : matmul_.pieces) {
            shared_.give_back(std::move(piece.result));
            matmul_.calls->give_back(piece.padded_rows, std::move(piece.call));
        }
        matmul_.pieces.clear();
        if (bad.place()) refuse_result(matmul_.name, bad.describe());
        matmul_.destination->finish();
    }

  private:
    void take_over(const Piece& piece, BadPlace& bad) {
        const auto* values = reinterpret_cast<const float*>(piece.result->bytes().data());
        const MatrixView<const float> c(values, piece.rows, matmul_.n, matmul_.padded_n);
        shared_.pool.for_each(piece.rows, kTakeOverRows, [&](size_t from, size_t to, size_t) {
            bad.note(matmul_.destination->take_over(piece.first + from, c.rows_from(from, to - from)));
        });
    }

    NpuShared& shared_;
    Matmul matmul_;
    bool started_ = false;
    bool completed_ = false;
};

class NpuLinear final : public Linear {
  public:
    NpuLinear(const LinearWeights& weights, NpuShared& shared)
        : NpuLinear(weights.name, weights.weight.rows, weights.weight.cols, shared) {
        check_bias(name_, weights.bias, n_);
        const bfp16::TileLayout layout = allocate();
        const auto tiles = weights_->bytes();
        const auto how = preparation(nullptr, simd::Numerics::bfp16, shared_.rounding);
        BadPlace bad;
        shared_.pool.for_each(n_, layout.tile_rows, [&](size_t from, size_t to, size_t) {
            auto place =
                simd::prepare_for_npu(weights.weight.rows_from(from, to - from), how, layout, from, tiles);
            if (place) place->row += from;
            bad.note(place);
        });
        if (bad.place()) refuse_weights(name_, bad.describe());
        upload(weights.bias, layout);
    }

    NpuLinear(const BlockWeights& weights, NpuShared& shared)
        : NpuLinear(weights.name, weights.n, weights.k, shared) {
        check_blocks(weights, &shared.pool);
        const bfp16::TileLayout layout = allocate();
        array::lay_out_blocks(weights, layout, weights_->bytes());
        upload(weights.bias, layout);
    }

    size_t n() const override { return n_; }
    size_t k() const override { return k_; }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(name_, *this, x, y.rows, y.cols);
        return start(x, std::make_unique<IntoMatrix>(y, epilogue), nullptr);
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        check_into_operand(name_, epilogue);
        auto& operand = as_own<NpuOperand>(y, shared_.device);
        if (operand.pending != nullptr) operand.pending->complete();
        operand.begin(x.rows());
        check_product(name_, *this, x, y.rows(), y.cols());
        return start(x, std::make_unique<IntoOperand>(operand, epilogue, shared_.rounding), &operand);
    }

  private:
    NpuLinear(const std::string& name, size_t n, size_t k, NpuShared& shared)
        : shared_(shared),
          name_(name),
          n_(n),
          k_(k),
          rows_(shared.array.rows_for(k_, weights_text())),
          calls_(std::make_shared<CallPool>()) {}

    std::string weights_text() const { return fmt::format("{}, whose weights are {} x {}", name_, n_, k_); }
    array::Gemm gemm(size_t padded_rows) const {
        return shared_.array.gemm(padded_rows, k_, n_, weights_text());
    }

    /// Makes room for the weights in memory that the array reads, and returns their layout.
    bfp16::TileLayout allocate() {
        const array::Gemm shape = gemm(rows_.longest());
        bfp16::TileLayout layout = shape.b_layout();
        weights_ =
            shared_.array.allocate(*rows_.program, Argument::b, layout.bytes(), "the weights of " + name_);
        layout.rows = n_;
        layout.cols = k_;
        return layout;
    }

    void upload(std::span<const float> bias, const bfp16::TileLayout& layout) {
        const auto tiles = weights_->bytes();
        array::lay_out_bias(bias, layout, tiles);
        try {
            weights_->to_device(0, tiles.size());
        } catch (const XrtError& error) {
            throw_npu_error(error, "did not take the weights of " + name_);
        }
        shared_.stats.bytes_to_device += tiles.size();
    }

    Run start(const Operand& x, std::unique_ptr<Destination> destination, NpuOperand* result) {
        const auto& operand = as_own<NpuOperand>(x, shared_.device);
        if (operand.pending != nullptr) operand.pending->complete();
        std::vector<Piece> pieces;
        for (const NpuOperand::Part& part : operand.parts()) {
            Piece piece;
            piece.first = part.first;
            piece.rows = part.rows;
            piece.padded_rows = rows_.padded(part.rows);
            const array::Gemm shape = gemm(piece.padded_rows);
            piece.result = shared_.take_result(*rows_.program, shape.c_bytes(), name_);
            try {
                piece.call = calls_->take(shared_.array.instructions(*rows_.program, shape),
                                          piece.padded_rows, *weights_);
                piece.call->bind(Argument::a, *part.buffer);
                piece.call->bind(Argument::c, *piece.result);
            } catch (const XrtError& error) {
                throw_npu_error(error, "did not take the arguments of " + name_);
            }
            pieces.push_back(std::move(piece));
        }
        ++shared_.stats.matmuls;
        auto run = std::make_unique<PendingMatmul>(
            shared_, Matmul{name_, n_, gemm(rows_.longest()).n, calls_, std::move(pieces),
                            std::move(destination), result});
        run->start(*rows_.program->context);
        return Run(std::move(run));
    }

    NpuShared& shared_;
    std::string name_;
    size_t n_, k_;
    const NpuArray::Rows& rows_;
    std::shared_ptr<CallPool> calls_;
    NpuBuffer weights_;
};

}  // namespace

std::unique_ptr<Linear> make_npu_linear(const BlockWeights& weights, NpuShared& shared) {
    return std::make_unique<NpuLinear>(weights, shared);
}

std::unique_ptr<Linear> make_npu_linear(const LinearWeights& weights, NpuShared& shared) {
    return std::make_unique<NpuLinear>(weights, shared);
}

}  // namespace npuscribe
