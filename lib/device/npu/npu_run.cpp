#include "device/npu/npu_run.h"

#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/array/array_results.h"
#include "device/checks.h"
#include "device/operand_rows.h"

namespace npuscribe {

using xrt_backend::Argument;
using xrt_backend::Call;
using xrt_backend::XrtError;

namespace {

constexpr size_t kTakeOverRows = 64;  // rows of a result that one worker takes over at a time

class IntoMatrix final : public NpuDestination {
  public:
    IntoMatrix(MatrixView<float> y, Epilogue epilogue) : y_(y), epilogue_(epilogue) {}
    std::optional<simd::Place> take_over(const array::Gemm& shape, std::span<const uint8_t> c, size_t from,
                                         size_t rows, size_t to) override {
        const auto out = y_.rows_from(to, rows);
        simd::take_results(c, array::result_layout(shape), from, epilogue_ == Epilogue::add_residual, out);
        if (epilogue_ == Epilogue::gelu) simd::gelu(out);
        return {};
    }

  private:
    MatrixView<float> y_;
    Epilogue epilogue_;
};

class IntoOperand final : public NpuDestination {
  public:
    IntoOperand(NpuOperand& y, Epilogue epilogue, bfp16::Rounding rounding)
        : y_(y), how_(preparation(epilogue, simd::Numerics::bfp16, rounding)) {}
    std::optional<simd::Place> take_over(const array::Gemm& shape, std::span<const uint8_t> c, size_t from,
                                         size_t rows, size_t to) override {
        thread_local Buffer<float> scratch;
        scratch.reserve_discard(rows * y_.cols());
        const auto values = scratch.matrix(rows, y_.cols());
        simd::take_results(c, array::result_layout(shape), from, false, values);
        return y_.fill_rows(to, values, how_);
    }
    void finish() override { y_.finish(); }

  private:
    NpuOperand& y_;
    simd::RowPreparation how_;
};

class PendingWork final : public Run::State, public NpuPending {
  public:
    PendingWork(NpuShared& shared, NpuWork work) : shared_(shared), work_(std::move(work)) {
        if (work_.operand != nullptr) work_.operand->pending = this;
    }
    /// Called once. If it throws, the array may hold some of the calls.
    void add_to_queue(xrt_backend::Context& context) {
        for (NpuPiece& piece : work_.pieces) {
            for (NpuCall& call : piece.calls)
                call.batch = shared_.array.queue().add(context, *call.call, call.name);
        }
        queued_ = true;
    }
    /// Waits for unfinished work, because the array writes to this run's memory until it is done.
    ~PendingWork() override {
        try {
            if (queued_) complete();
        } catch (const std::exception&) {
        }
        if (work_.operand != nullptr) work_.operand->pending = nullptr;
        if (!shared_.array.queue().lost()) return;
        for (NpuPiece& piece : work_.pieces) {
            for (NpuCall& call : piece.calls) (void)call.call.release();
        }
    }

    void start() override {
        for (const NpuPiece& piece : work_.pieces) {
            for (const NpuCall& call : piece.calls) shared_.array.queue().start(*call.batch);
        }
    }

    void wait() override { complete(); }

    void complete() override {
        if (std::exchange(completed_, true)) return;
        // The operand may be destroyed before this run.
        NpuOperand* const operand = std::exchange(work_.operand, nullptr);
        if (operand != nullptr) operand->pending = nullptr;
        for (NpuPiece& piece : work_.pieces) {
            for (NpuCall& call : piece.calls) shared_.array.queue().finish(*call.batch);
        }
        Stopwatch watch;
        for (NpuPiece& piece : work_.pieces) {
            const size_t row_tiles =
                (piece.rows + piece.shape.program->tile.m - 1) / piece.shape.program->tile.m;
            const size_t bytes = row_tiles * piece.shape.c_row_tile_bytes();
            try {
                piece.result->from_device(0, bytes);
            } catch (const XrtError& error) {
                throw_npu_error(error, "did not hand the result of " + work_.name + " back");
            }
            shared_.stats.bytes_from_device += bytes;
        }
        shared_.stats.transfer_seconds += watch.seconds();
        watch.restart();
        BadPlace bad;
        for (const NpuPiece& piece : work_.pieces) take_over(piece, bad);
        // A matrix takes one more copy, an operand is quantised.
        (work_.quantises ? shared_.stats.prepare_seconds : shared_.stats.transfer_seconds) += watch.seconds();
        for (NpuPiece& piece : work_.pieces) {
            shared_.give_back(std::move(piece.result));
            for (NpuCall& call : piece.calls) call.pool->give_back(call.key, std::move(call.call));
        }
        work_.pieces.clear();
        if (bad.place()) refuse_result(work_.name, bad.describe());
        work_.destination->finish();
    }

  private:
    void take_over(const NpuPiece& piece, BadPlace& bad) {
        const std::span<const uint8_t> c = piece.result->bytes();
        shared_.pool.for_each(piece.rows, kTakeOverRows, [&](size_t from, size_t to, size_t) {
            bad.note(work_.destination->take_over(piece.shape, c, from, to - from, piece.first + from));
        });
    }

    NpuShared& shared_;
    NpuWork work_;
    bool queued_ = false;
    bool completed_ = false;
};

}  // namespace

std::unique_ptr<Call> NpuCallPool::take(xrt_backend::Program& program, Key key,
                                        xrt_backend::Buffer& weights) {
    auto& idle = idle_[key];
    if (idle.empty()) {
        auto call = program.make_call();
        call->bind(Argument::b, weights);
        return call;
    }
    auto call = std::move(idle.back());
    idle.pop_back();
    return call;
}

std::unique_ptr<NpuDestination> into_matrix(MatrixView<float> y, Epilogue epilogue) {
    return std::make_unique<IntoMatrix>(y, epilogue);
}

std::unique_ptr<NpuDestination> into_operand(NpuOperand& y, Epilogue epilogue, bfp16::Rounding rounding) {
    return std::make_unique<IntoOperand>(y, epilogue, rounding);
}

Run start_on_npu(NpuShared& shared, xrt_backend::Context& context, NpuWork work) {
    auto pending = std::make_unique<PendingWork>(shared, std::move(work));
    pending->add_to_queue(context);
    return Run(std::move(pending));
}

}  // namespace npuscribe
