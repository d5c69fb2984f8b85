#include "device/cpu/tile_device.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/cpu/panel_device.h"
#include "simd/isa.h"
#include "simd/matmul/tile_matmul.h"

namespace npuscribe {
namespace {

// Rows of an operand are multiplied by one expanded panel in chunks that stay in a core's L2 cache.
constexpr size_t kChunkBytes = size_t{768} << 10;
constexpr size_t kFewestRows = 256;  // in a chunk: fewer would not be worth expanding a panel for
static_assert(kFewestRows % simd::kTileGroupRows == 0);

/// Rows of BFP16 values in bfloat16, in the layout of simd/matmul/tile_matmul.h.
class TileOperand final : public Operand {
  public:
    TileOperand(size_t max_rows, size_t cols, const Device& device)
        : Operand(device, cols),
          max_rows_(max_rows),
          padded_(bfp16::padded(cols)),
          storage_(simd::tile_operand_bytes(max_rows, padded_), Pages::huge) {
        // Columns that pad K are multiplied, so they must be zero. A group's rows beyond the last are
        // multiplied too, but their results are dropped.
        if (padded_ % simd::kTileDepth != 0) std::memset(storage_.data(), 0, storage_.size());
    }

    /// Empties it.
    void resize(size_t rows) {
        check_fits(rows, max_rows_);
        rows_ = rows;
    }

    /// Rounds `x` into rows from `row` on, a multiple of 32, and columns from `col` on. Several workers
    /// call it at once. Returns the first bad row, counted in `x`.
    std::optional<size_t> put(MatrixView<const float> x, bfp16::Rounding rounding, size_t row, size_t col) {
        return simd::quantise_tile_operand(x, rounding, {storage_.data(), padded_, row, col});
    }

    size_t padded_cols() const { return padded_; }
    uint8_t* data() { return storage_.data(); }
    const uint8_t* data() const { return storage_.data(); }

  private:
    size_t max_rows_;
    size_t padded_;
    Buffer<uint8_t> storage_;
};

class TileLinear final : public PanelLinear {
  public:
    using PanelLinear::PanelLinear;

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(weights_.name(), *this, x, y.rows, y.cols);
        const auto& left = as_own<TileOperand>(x, shared_.device);
        for_each_piece(x.rows(), [&](const Piece& piece) {
            const auto part = y.rows_from(piece.row, piece.rows).cols_from(piece.col, piece.cols);
            simd::multiply_tiles({left.data(), piece.panel, weights_.padded_k()}, piece.row,
                                 {part, weights_.bias_of(piece.col), epilogue == Epilogue::add_residual},
                                 epilogue == Epilogue::gelu);
        });
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        auto& result = begin_result<TileOperand>(x, y, epilogue);
        const auto& left = as_own<TileOperand>(x, shared_.device);
        std::atomic<size_t> bad_row{x.rows()};
        for_each_piece(x.rows(), [&](const Piece& piece) {
            const auto bad = simd::multiply_tiles(
                {left.data(), piece.panel, weights_.padded_k()}, piece.row,
                simd::TileOperandOutput{result.data(), result.padded_cols(), piece.rows, piece.col,
                                        piece.cols, weights_.bias_of(piece.col), shared_.options.rounding,
                                        epilogue == Epilogue::gelu});
            if (bad) bad_row = piece.row + *bad;
        });
        if (bad_row != x.rows()) refuse_result(weights_.name(), bad_row);
        return {};
    }

  private:
    /// Some rows of the left operand, times one panel.
    struct Piece {
        size_t row, rows;
        size_t col, cols;
        const uint8_t* panel;  // expanded
    };

    /// Panel by panel for the rows that stay in a core's cache, then for the next rows.
    template <class Work>
    void for_each_piece(size_t rows, Work&& work) {
        const size_t depth = weights_.padded_k();
        const size_t fitting = kChunkBytes / (depth * sizeof(uint16_t));
        const size_t chunks = (rows + std::max(fitting, kFewestRows) - 1) / std::max(fitting, kFewestRows);
        const size_t groups = (rows + simd::kTileGroupRows - 1) / simd::kTileGroupRows;
        const size_t chunk = (groups + chunks - 1) / chunks * simd::kTileGroupRows;
        const size_t panels = bfp16::panels(n());
        shared_.pool.for_each((rows + chunk - 1) / chunk * panels, 1, [&](size_t task, size_t, size_t index) {
            PanelWorker& worker = shared_.workers[index];
            const Stopwatch watch;
            const size_t row = task / panels * chunk;
            const size_t panel = task % panels;
            const size_t col = panel * bfp16::kPanelRows;
            worker.panel.reserve_discard(simd::tile_panel_bytes(depth));
            simd::expand_panel(weights_.data(), depth, panel, worker.panel.data());
            work({row, std::min(chunk, rows - row), col, std::min(bfp16::kPanelRows, n() - col),
                  worker.panel.data()});
            worker.matmul += watch.seconds();
        });
        ++shared_.matmuls;
    }
};

}  // namespace

std::unique_ptr<Device> make_cpu_tile_device(const DeviceOptions& options, ThreadPool& pool) {
    if (simd::isa() < simd::Isa::amx)
        throw DeviceError("this back end multiplies blocks as bfloat16 tiles with AMX, which this CPU lacks");
    return std::make_unique<PanelDevice<TileOperand, TileLinear>>(options, pool,
                                                                  "bfp16 as bf16 in tiles, exact");
}

}  // namespace npuscribe
