#include "device/cpu/block_device.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/cpu/panel_device.h"
#include "simd/matmul/block_matmul.h"
#include "simd/rows/prepare.h"

namespace npuscribe {
namespace {

// Rows that a worker takes at once: of FC2's operand, 64 × 2048, they fill a quarter of a 1 MB L2.
constexpr size_t kPieceRows = 64;
static_assert(kPieceRows % simd::kBlockGroupRows == 0);

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
        exponents_ = {};
    }

    /// Quantises `x` into rows from `row` and columns from `col` on, both multiples of 8 unless x ends there.
    /// Several workers call it at once. Returns the first bad row, counted in `x`.
    std::optional<size_t> put(MatrixView<const float> x, bfp16::Rounding rounding, size_t row, size_t col) {
        simd::ExponentRange range;
        const auto bad =
            simd::quantise_block_operand(x, rounding, {storage_.data(), padded_, row, col}, range);
        const std::lock_guard lock(mutex_);
        exponents_.include(range);
        return bad;
    }

    size_t padded_cols() const { return padded_; }
    const uint8_t* data() const { return storage_.data(); }
    const simd::ExponentRange& exponents() const { return exponents_; }

  private:
    size_t max_rows_;
    size_t padded_;
    Buffer<uint8_t> storage_;
    std::mutex mutex_;
    simd::ExponentRange exponents_;
};

class BlockLinear final : public PanelLinear {
  public:
    using PanelLinear::PanelLinear;

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(weights_.name(), *this, x, y.rows, y.cols);
        const auto& left = as_own<BlockOperand>(x, shared_.device);
        const bool scales_add = simd::block_scales_add(left.exponents(), weights_.exponents());
        for_each_piece(x.rows(), [&](size_t begin, size_t rows, PanelWorker& worker) {
            const Stopwatch watch;
            const auto piece = y.rows_from(begin, rows);
            multiply(left, begin, 0, scales_add,
                     {piece, weights_.bias_of(0), epilogue == Epilogue::add_residual});
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
        for_each_piece(x.rows(), [&](size_t begin, size_t rows, PanelWorker& worker) {
            worker.scratch.reserve_discard(kPieceRows * simd::kBlockPanelCols);
            for (size_t first = 0; first < n(); first += simd::kBlockPanelCols) {
                const size_t cols = std::min(simd::kBlockPanelCols, n() - first);
                Stopwatch watch;
                const size_t padded = bfp16::padded(cols);
                const MatrixView<float> values(worker.scratch.data(), rows, padded);
                for (size_t r = 0; padded != cols && r < rows; ++r)
                    std::fill(values.row(r) + cols, values.row(r) + padded, 0.0F);
                multiply(left, begin, first, scales_add,
                         {values.cols_from(0, cols), weights_.bias_of(first), false});
                worker.matmul += watch.seconds();
                watch.restart();
                if (epilogue == Epilogue::gelu) simd::gelu(values);
                if (const auto bad = result.put(values, shared_.options.rounding, begin, first))
                    bad_row.store(begin + *bad);
                worker.prepare += watch.seconds();
            }
        });
        if (bad_row != x.rows()) refuse_result(weights_.name(), bad_row);
        return {};
    }

  private:
    template <class Work>
    void for_each_piece(size_t rows, Work&& work) {
        shared_.pool.for_each(rows, kPieceRows, [&](size_t begin, size_t end, size_t worker) {
            work(begin, end - begin, shared_.workers[worker]);
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
        throw DeviceError("this back end multiplies blocks as integers with VNNI, which this CPU lacks");
    return std::make_unique<PanelDevice<BlockOperand, BlockLinear>>(
        options, pool, "bfp16 in integers, exact within a block");
}

}  // namespace npuscribe
