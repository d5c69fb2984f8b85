#include "device/cpu/block_device.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/cpu/block_pieces.h"
#include "device/cpu/panel_device.h"
#include "simd/matmul/block_matmul.h"
#include "simd/rows/prepare.h"

namespace npuscribe {
namespace {

static_assert(BlockPieces::kRows % simd::kBlockGroupRows == 0);

/// The range of the exponents that several workers put into an operand. Without a lock, and once it is as
/// wide as most of the data, without a write: workers then only read its cache line.
class SharedRange {
  public:
    void clear() {
        lowest_ = simd::ExponentRange().lowest;
        highest_ = simd::ExponentRange().highest;
    }
    void include(const simd::ExponentRange& range) {
        for (uint32_t seen = lowest_; range.lowest < seen;)
            if (lowest_.compare_exchange_weak(seen, range.lowest)) break;
        for (uint32_t seen = highest_; range.highest > seen;)
            if (highest_.compare_exchange_weak(seen, range.highest)) break;
    }
    /// After all workers have finished.
    simd::ExponentRange get() const { return {lowest_, highest_}; }

  private:
    std::atomic<uint32_t> lowest_{simd::ExponentRange().lowest};
    std::atomic<uint32_t> highest_{simd::ExponentRange().highest};
};

/// Rows of blocks, K padded with zeros to whole ones, in the layout of simd/matmul/block_matmul.h.
class BlockOperand final : public Operand {
  public:
    BlockOperand(size_t max_rows, size_t cols, const Device& device)
        : Operand(device, cols),
          max_rows_(max_rows),
          padded_(bfp16::padded(cols)),
          storage_(simd::block_operand_bytes(max_rows, padded_)) {}

    /// Empties it.
    void resize(size_t rows) {
        check_fits(rows, max_rows_);
        rows_ = rows;
        exponents_.clear();
    }

    /// Quantises `x` into rows from `row` and columns from `col` on, both multiples of 8 unless x ends there.
    /// Several workers call it at once. Returns the first bad row, counted in `x`.
    std::optional<size_t> put(MatrixView<const float> x, bfp16::Rounding rounding, size_t row, size_t col) {
        simd::ExponentRange range;
        const auto bad =
            simd::quantise_block_operand(x, rounding, {storage_.data(), padded_, row, col}, range);
        exponents_.include(range);
        return bad;
    }

    size_t padded_cols() const { return padded_; }
    const uint8_t* data() const { return storage_.data(); }
    simd::ExponentRange exponents() const { return exponents_.get(); }

  private:
    size_t max_rows_;
    size_t padded_;
    Buffer<uint8_t> storage_;
    SharedRange exponents_;
};

class BlockLinear final : public PanelLinear {
  public:
    using PanelLinear::PanelLinear;

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(weights_.name(), *this, x, y.rows, y.cols);
        const auto& left = as_own<BlockOperand>(x, shared_.device);
        const bool scales_add = simd::block_scales_add(left.exponents(), weights_.exponents());
        for_each_piece(x.rows(), [&](const Piece& at, PanelWorker& worker) {
            const Stopwatch watch;
            const auto piece = y.rows_from(at.row, at.rows).cols_from(at.col, at.end - at.col);
            multiply(left, at.row, at.col, scales_add,
                     {piece, weights_.bias_of(at.col), epilogue == Epilogue::add_residual});
            if (epilogue == Epilogue::gelu) simd::gelu(piece);
            worker.matmul += watch.seconds();
        });
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        auto& result = begin_result<BlockOperand>(x, y, epilogue);
        const auto& left = as_own<BlockOperand>(x, shared_.device);
        const bool scales_add = simd::block_scales_add(left.exponents(), weights_.exponents());
        std::atomic<size_t> bad_row{x.rows()};
        // A panel's columns of the result stay in the L1 cache until they are quantised.
        for_each_piece(x.rows(), [&](const Piece& at, PanelWorker& worker) {
            const size_t rows = at.rows;
            worker.scratch.reserve_discard(BlockPieces::kRows * simd::kBlockPanelCols);
            for (size_t first = at.col; first < at.end; first += simd::kBlockPanelCols) {
                const size_t cols = std::min(simd::kBlockPanelCols, at.end - first);
                Stopwatch watch;
                const size_t padded = bfp16::padded(cols);
                const MatrixView<float> values(worker.scratch.data(), rows, padded);
                for (size_t r = 0; padded != cols && r < rows; ++r)
                    std::fill(values.row(r) + cols, values.row(r) + padded, 0.0F);
                multiply(left, at.row, first, scales_add,
                         {values.cols_from(0, cols), weights_.bias_of(first), false});
                worker.matmul += watch.seconds();
                watch.restart();
                if (epilogue == Epilogue::gelu) simd::gelu(values);
                if (const auto bad = result.put(values, shared_.options.rounding, at.row, first))
                    bad_row.store(at.row + *bad);
                worker.prepare += watch.seconds();
            }
        });
        if (bad_row != x.rows()) refuse_result(weights_.name(), bad_row);
        return {};
    }

  private:
    /// Some rows of the left operand, times columns [col, end).
    struct Piece {
        size_t row, rows;
        size_t col, end;
    };

    template <class Work>
    void for_each_piece(size_t rows, Work&& work) {
        const BlockPieces pieces(rows, bfp16::panels(n()), shared_.pool.size());
        shared_.pool.for_each(pieces.count(), 1, [&](size_t i, size_t, size_t worker) {
            const size_t end = std::min(n(), pieces.end_panel(i) * simd::kBlockPanelCols);
            work({pieces.first_row(i), pieces.rows(i), pieces.first_panel(i) * simd::kBlockPanelCols, end},
                 shared_.workers[worker]);
        });
        ++shared_.matmuls;
    }

    void multiply(const BlockOperand& left, size_t row, size_t column, bool scales_add,
                  const simd::MatmulOutput& out) const {
        simd::multiply_blocks({left.data(), weights_.data(), weights_.padded_k(), scales_add}, row,
                              column / simd::kLaneBlock, out);
    }
};

}  // namespace

std::unique_ptr<Device> make_cpu_block_device(const DeviceOptions& options, ThreadPool& pool) {
    if (!simd::can_multiply_blocks())
        throw DeviceError(
            "this back end multiplies blocks as integers, with VNNI or AVX2, which this CPU lacks");
    return std::make_unique<PanelDevice<BlockOperand, BlockLinear>>(
        options, pool, "bfp16 in integers, exact within a block");
}

}  // namespace npuscribe
