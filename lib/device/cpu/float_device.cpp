#include "device/cpu/float_device.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/buffer.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/cpu/panel_device.h"
#include "simd/matmul/float_matmul.h"
#include "simd/packing.h"
#include "simd/rows/prepare.h"

namespace npuscribe {
namespace {

constexpr size_t kChunkGrain = 12;  // rows that float_matmul.h multiplies together divide it
static_assert(simd::kFloatChunkRows % kChunkGrain == 0);

/// Rows of BFP16 values in f32, K padded with zeros to whole blocks.
class FloatOperand final : public Operand {
  public:
    FloatOperand(size_t max_rows, size_t cols, const Device& device)
        : Operand(device, cols),
          max_rows_(max_rows),
          padded_(bfp16::padded(cols)),
          storage_(max_rows * simd::float_row_stride(padded_), Pages::huge) {}

    /// Empties it.
    void resize(size_t rows) {
        check_fits(rows, max_rows_);
        rows_ = rows;
    }

    /// Rounds `x`, after `epilogue`, into rows from `row` and columns from `col` on, both multiples of 8
    /// unless x ends there. Several workers call it at once. Returns the first bad row, counted in `x`.
    std::optional<size_t> put(MatrixView<const float> x, bfp16::Rounding rounding, size_t row, size_t col,
                              Epilogue epilogue = Epilogue::none) {
        return simd::prepare_f32(x, preparation(epilogue, simd::Numerics::bfp16, rounding),
                                 {storage_.data() + row * stride() + col, x.rows, x.cols, stride()});
    }

    /// Rows from `row` on, K padded.
    MatrixView<const float> rows_from(size_t row, size_t count) const {
        return {storage_.data() + row * stride(), count, padded_, stride()};
    }

  private:
    size_t stride() const { return simd::float_row_stride(padded_); }

    size_t max_rows_;
    size_t padded_;
    Buffer<float> storage_;
};

class FloatLinear final : public PanelLinear {
  public:
    using PanelLinear::PanelLinear;

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(weights_.name(), *this, x, y.rows, y.cols);
        const auto& left = as_own<FloatOperand>(x, shared_.device);
        for_each_piece(x.rows(), [&](const Piece& piece, PanelWorker& worker) {
            const Stopwatch watch;
            const auto part = y.rows_from(piece.row, piece.rows).cols_from(piece.col, piece.cols);
            multiply(left, piece, {part, weights_.bias_of(piece.col), epilogue == Epilogue::add_residual},
                     worker);
            if (epilogue == Epilogue::gelu) simd::gelu(part);
            worker.matmul += watch.seconds();
        });
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        auto& result = begin_result<FloatOperand>(x, y, epilogue);
        const auto& left = as_own<FloatOperand>(x, shared_.device);
        std::atomic<size_t> bad_row{x.rows()};
        for_each_piece(x.rows(), [&](const Piece& piece, PanelWorker& worker) {
            Stopwatch watch;
            const size_t padded = bfp16::padded(piece.cols);
            worker.scratch.reserve_discard(simd::kFloatChunkRows * bfp16::kPanelRows);
            const MatrixView<float> values(worker.scratch.data(), piece.rows, padded);
            for (size_t r = 0; padded != piece.cols && r < piece.rows; ++r)
                std::fill(values.row(r) + piece.cols, values.row(r) + padded, 0.0F);
            multiply(left, piece, {values.cols_from(0, piece.cols), weights_.bias_of(piece.col), false},
                     worker);
            worker.matmul += watch.seconds();
            watch.restart();
            const auto bad = result.put(values, shared_.options.rounding, piece.row, piece.col, epilogue);
            if (bad) bad_row.store(piece.row + *bad);
            worker.prepare += watch.seconds();
        });
        if (bad_row != x.rows()) refuse_result(weights_.name(), bad_row);
        return {};
    }

  private:
    /// Some rows of the left operand, times one panel.
    struct Piece {
        size_t row, rows;
        size_t col, cols;
    };

    /// Panel by panel for some rows, then for the next rows.
    template <class Work>
    void for_each_piece(size_t rows, Work&& work) {
        const size_t chunks = (rows + simd::kFloatChunkRows - 1) / simd::kFloatChunkRows;
        const size_t grains = (rows + kChunkGrain - 1) / kChunkGrain;
        const size_t chunk =
            std::max<size_t>(1, (grains + chunks - 1) / std::max<size_t>(1, chunks)) * kChunkGrain;
        const size_t panels = bfp16::panels(n());
        shared_.pool.for_each((rows + chunk - 1) / chunk * panels, 1, [&](size_t task, size_t, size_t index) {
            const size_t row = task / panels * chunk;
            const size_t col = task % panels * bfp16::kPanelRows;
            work({row, std::min(chunk, rows - row), col, std::min(bfp16::kPanelRows, n() - col)},
                 shared_.workers[index]);
        });
        ++shared_.matmuls;
    }

    void multiply(const FloatOperand& left, const Piece& piece, const simd::MatmulOutput& out,
                  PanelWorker& worker) const {
        worker.panel.reserve_discard(simd::kFloatScratch * sizeof(float));
        simd::multiply_floats(left.rows_from(piece.row, piece.rows), weights_.data(),
                              piece.col / simd::kLaneBlock, out,
                              {reinterpret_cast<float*>(worker.panel.data()), simd::kFloatScratch});
    }
};

}  // namespace

std::unique_ptr<Device> make_cpu_float_device(const DeviceOptions& options, ThreadPool& pool) {
    return std::make_unique<PanelDevice<FloatOperand, FloatLinear>>(options, pool, "bfp16 as f32");
}

}  // namespace npuscribe
