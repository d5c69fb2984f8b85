#include "device/npu/npu_linear.h"

#include <fmt/format.h>

#include <utility>

#include "base/thread_pool.h"
#include "device/array/array_weights.h"
#include "device/checks.h"
#include "device/npu/npu_run.h"
#include "device/operand_rows.h"

namespace npuscribe {

using xrt_backend::Argument;
using xrt_backend::XrtError;

namespace {

class NpuLinear final : public Linear {
  public:
    NpuLinear(const LinearWeights& weights, NpuShared& shared)
        : NpuLinear(weights.name, weights.weight.rows, weights.weight.cols, weights.sums, shared) {
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
        : NpuLinear(weights.name, weights.n, weights.k, weights.sums, shared) {
        check_blocks(weights, &shared.pool);
        const bfp16::TileLayout layout = allocate();
        array::lay_out_blocks(weights, layout, weights_->bytes());
        upload(weights.bias, layout);
    }

    size_t n() const override { return n_; }
    size_t k() const override { return k_; }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(name_, *this, x, y.rows, y.cols);
        return start({name_, pieces(x), into_matrix(y, epilogue)});
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        check_into_operand(name_, epilogue);
        auto& operand = as_own<NpuOperand>(y, shared_.device);
        if (operand.pending != nullptr) operand.pending->complete();
        operand.begin(x.rows());
        check_product(name_, *this, x, y.rows(), y.cols());
        return start({name_, pieces(x), into_operand(operand, epilogue, shared_.rounding), &operand, true});
    }

    /// True if the array has programs for this product with GELU, and for `next`, which reads it in place.
    bool feeds(const NpuLinear& next) const {
        const size_t rows = rows_.longest();
        const auto one = shared_.array.find(rows, k_, n_, array::Result::gelu_bfp16);
        const auto two = shared_.array.find(rows, next.k_, next.n_, next.result_);
        return one && two && one->feeds(*two) && rows_.counts == next.rows_.counts;
    }

    /// y += next(gelu(this(x))). A piece is one call of each, and all calls are one runlist.
    Run submit_chain(const Operand& x, Operand& inner, NpuLinear& next, MatrixView<float> y) {
        check_product(name_, *this, x, x.rows(), inner.cols());
        auto& between = as_own<NpuOperand>(inner, shared_.device);
        if (between.pending != nullptr) between.pending->complete();
        const auto& left = ready(x);
        between.begin_on_array(x.rows());
        check_product(next.name_, next, inner, y.rows, y.cols);
        const auto from = left.parts(), to = between.parts();
        std::vector<NpuPiece> pieces;
        for (size_t i = 0; i < from.size(); ++i) {
            NpuPiece piece = next.piece(to[i]);
            const array::Gemm shape = gemm(rows_.padded(from[i].rows), array::Result::gelu_bfp16);
            piece.calls.insert(piece.calls.begin(), call(shape, *from[i].buffer, *to[i].buffer));
            pieces.push_back(std::move(piece));
        }
        shared_.stats.matmuls += 1;
        return next.start({fmt::format("{} and {}", name_, next.name_), std::move(pieces),
                           into_matrix(y, Epilogue::add_residual), &between});
    }

  private:
    NpuLinear(const std::string& name, size_t n, size_t k, Sums sums, NpuShared& shared)
        : shared_(shared),
          name_(name),
          n_(n),
          k_(k),
          result_(sums == Sums::bf16 ? array::Result::bf16 : array::Result::sums),
          rows_(shared.array.rows_for(k_, weights_text())),
          calls_(std::make_shared<NpuCallPool>()) {}

    std::string weights_text() const { return fmt::format("{}, whose weights are {} x {}", name_, n_, k_); }
    array::Gemm gemm(size_t padded_rows, array::Result result) const {
        return shared_.array.gemm(padded_rows, k_, n_, result, weights_text());
    }

    /// Makes room for the weights in memory that the array reads, and returns their layout.
    bfp16::TileLayout allocate() {
        const array::Gemm shape = shared_.array.any_gemm(k_, n_, weights_text());
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

    const NpuOperand& ready(const Operand& x) const {
        const auto& operand = as_own<NpuOperand>(x, shared_.device);
        if (operand.pending != nullptr) operand.pending->complete();
        return operand;
    }

    std::vector<NpuPiece> pieces(const Operand& x) {
        std::vector<NpuPiece> pieces;
        for (const NpuOperand::Part& part : ready(x).parts()) pieces.push_back(piece(part));
        return pieces;
    }

    /// The product of some rows, with room for its result.
    NpuPiece piece(const NpuOperand::Part& part) {
        NpuPiece piece{part.first, part.rows, gemm(rows_.padded(part.rows), result_), {}, {}};
        piece.result = shared_.take_result(*rows_.program, piece.shape.c_bytes(), name_);
        piece.calls.push_back(call(piece.shape, *part.buffer, *piece.result));
        return piece;
    }

    NpuCall call(const array::Gemm& shape, xrt_backend::Buffer& a, xrt_backend::Buffer& c) {
        NpuCall made{name_, calls_, {shape.m, shape.result}, nullptr};
        try {
            made.call = calls_->take(shared_.array.instructions(*rows_.program, shape), made.key, *weights_);
            made.call->bind(Argument::a, a);
            made.call->bind(Argument::c, c);
        } catch (const XrtError& error) {
            throw_npu_error(error, "did not take the arguments of " + name_);
        }
        return made;
    }

    Run start(NpuWork work) {
        ++shared_.stats.matmuls;
        return start_on_npu(shared_, *rows_.program->context, std::move(work));
    }

    NpuShared& shared_;
    std::string name_;
    size_t n_, k_;
    array::Result result_;  // of a product that becomes a matrix
    const NpuArray::Rows& rows_;
    std::shared_ptr<NpuCallPool> calls_;
    NpuBuffer weights_;
};

class NpuFeedForward final : public FeedForward {
  public:
    NpuFeedForward(std::unique_ptr<Linear> first, std::unique_ptr<Linear> second)
        : first_(static_cast<NpuLinear*>(first.release())),
          second_(static_cast<NpuLinear*>(second.release())) {}

    Run submit(const Operand& x, Operand& inner, MatrixView<float> y) override {
        return first_->submit_chain(x, inner, *second_, y);
    }

  private:
    std::unique_ptr<NpuLinear> first_, second_;
};

}  // namespace

std::unique_ptr<Linear> make_npu_linear(const BlockWeights& weights, NpuShared& shared) {
    return std::make_unique<NpuLinear>(weights, shared);
}

std::unique_ptr<Linear> make_npu_linear(const LinearWeights& weights, NpuShared& shared) {
    return std::make_unique<NpuLinear>(weights, shared);
}

std::unique_ptr<FeedForward> make_npu_feed_forward(std::unique_ptr<Linear>& first,
                                                   std::unique_ptr<Linear>& second) {
    const auto* one = dynamic_cast<NpuLinear*>(first.get());
    const auto* two = dynamic_cast<NpuLinear*>(second.get());
    if (one == nullptr || two == nullptr || !one->feeds(*two)) return nullptr;
    return std::make_unique<NpuFeedForward>(std::move(first), std::move(second));
}

}  // namespace npuscribe
