#include "device/cpu_tiles.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "device/bad_value.h"
#include "device/cpu_info.h"
#include "device/onednn_matmul.h"
#include "device/operand_rows.h"
#include "device/panel_weights.h"
#include "simd/isa.h"
#include "simd/prepare.h"
#include "simd/tile_matmul.h"

namespace npuscribe {
namespace {

constexpr size_t kPieceRows = 64;  // that a worker prepares at once
// Of an operand, multiplied by one expanded panel: in a core's second cache.
constexpr size_t kChunkBytes = size_t{768} << 10;
constexpr size_t kFewestRows = 256;  // of a chunk: a panel's expansion must be worth it
constexpr float kLimit = 0x1p111F;   // magnitudes that no kernel takes
static_assert(kPieceRows % simd::kTileGroupRows == 0 && kFewestRows % simd::kTileGroupRows == 0);

/// What a worker has to itself, alone on its cache line.
struct alignas(kCacheLine) Worker {
    Buffer<float> scratch{};  // f32 on the way to tiles
    Buffer<uint8_t> panel{};  // expanded
    double prepare = 0;
    double matmul = 0;
};

struct Shared {
    DeviceOptions options;
    ThreadPool& pool;
    std::vector<Worker> workers;
    uint64_t matmuls = 0;
};

/// Rows of BFP16 values in bfloat16, in the layout of simd/tile_matmul.h.
class TileOperand final : public Operand {
  public:
    TileOperand(size_t max_rows, size_t cols)
        : max_rows_(max_rows),
          padded_(bfp16::padded(cols)),
          storage_(simd::tile_operand_bytes(max_rows, padded_), Pages::huge) {
        cols_ = cols;
        // The columns that pad K are multiplied. So are a group's rows beyond the last, but these are
        // dropped.
        if (padded_ % simd::kTileDepth != 0) std::memset(storage_.data(), 0, storage_.size());
    }

    /// Empties it.
    void resize(size_t rows) {
        check_fits(rows, max_rows_);
        rows_ = rows;
    }

    size_t padded_cols() const { return padded_; }
    uint8_t* data() { return storage_.data(); }
    const uint8_t* data() const { return storage_.data(); }

  private:
    size_t max_rows_;
    size_t padded_;
    Buffer<uint8_t> storage_;
};

class TileLinear final : public Linear {
  public:
    TileLinear(const LinearWeights& weights, Shared& shared)
        : shared_(shared), weights_(weights, shared.options.rounding, shared.pool) {}
    TileLinear(const BlockWeights& weights, Shared& shared)
        : shared_(shared), weights_(weights, shared.pool) {}

    size_t n() const override { return weights_.n(); }
    size_t k() const override { return weights_.k(); }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        check_product(weights_.name(), x, n(), k(), y.rows, y.cols);
        const auto& left = static_cast<const TileOperand&>(x);
        for_each_piece(x.rows(), [&](const Piece& piece) {
            const auto part = y.rows_from(piece.row, piece.rows).cols_from(piece.col, piece.cols);
            simd::multiply_tiles(left.data(), piece.panel, weights_.padded_k(), piece.row,
                                 {part, weights_.bias_of(piece.col), epilogue == Epilogue::add_residual},
                                 epilogue == Epilogue::gelu);
        });
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        check_into_operand(weights_.name(), epilogue);
        auto& result = dynamic_cast<TileOperand&>(y);
        result.resize(x.rows());
        check_product(weights_.name(), x, n(), k(), y.rows(), y.cols());
        const auto& left = static_cast<const TileOperand&>(x);
        std::atomic<size_t> bad_row{x.rows()};
        for_each_piece(x.rows(), [&](const Piece& piece) {
            const auto bad = simd::multiply_tiles(
                left.data(), piece.panel, weights_.padded_k(), piece.row,
                simd::TileOperandOutput{result.data(), result.padded_cols(), piece.rows, piece.col,
                                        piece.cols, weights_.bias_of(piece.col), shared_.options.rounding,
                                        epilogue == Epilogue::gelu});
            if (bad) bad_row = piece.row + *bad;
        });
        if (bad_row != x.rows()) refuse_result(weights_.name(), bad_row);
        return {};
    }

  private:
    /// Rows of the left operand by a panel's columns.
    struct Piece {
        size_t row, rows;
        size_t col, cols;
        const uint8_t* panel;  // expanded
    };

    /// Panel by panel for rows that stay in a core's cache, then for the next rows.
    template <class Work>
    void for_each_piece(size_t rows, Work&& work) {
        const size_t depth = weights_.padded_k();
        const size_t fitting = kChunkBytes / (depth * sizeof(uint16_t));
        const size_t chunks = (rows + std::max(fitting, kFewestRows) - 1) / std::max(fitting, kFewestRows);
        const size_t groups = (rows + simd::kTileGroupRows - 1) / simd::kTileGroupRows;
        const size_t chunk = (groups + chunks - 1) / chunks * simd::kTileGroupRows;
        const size_t panels = bfp16::panels(n());
        shared_.pool.for_each((rows + chunk - 1) / chunk * panels, 1, [&](size_t task, size_t, size_t index) {
            Worker& worker = shared_.workers[index];
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

    Shared& shared_;
    const PanelWeights weights_;
};

class CpuTileDevice final : public Device {
  public:
    CpuTileDevice(const DeviceOptions& options, ThreadPool& pool)
        : shared_{options, pool, std::vector<Worker>(pool.size())} {}

    DeviceInfo info() const override {
        DeviceInfo info;
        info.name = "cpu";
        info.description = cpu_name() + ", " + onednn_isa() + ", oneDNN " + onednn_version();
        info.precision = shared_.options.precision;
        info.numerics = "bfp16 as bf16 in tiles, exact";
        return info;
    }

    DeviceStats stats() const override { return stats_of(shared_.workers, shared_.matmuls); }

    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<TileLinear>(weights, shared_);
    }
    std::unique_ptr<Linear> load_blocks(const BlockWeights& weights) override {
        return std::make_unique<TileLinear>(weights, shared_);
    }
    bool keeps_blocks() const override { return true; }
    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<TileOperand>(max_rows, cols);
    }

    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        auto& operand = dynamic_cast<TileOperand&>(out);
        check_columns(x, operand);
        operand.resize(x.rows);
        const auto how = in_f32(norm);
        std::atomic<bool> bad{false};
        shared_.pool.for_each(x.rows, kPieceRows, [&](size_t begin, size_t end, size_t index) {
            Worker& worker = shared_.workers[index];
            const Stopwatch watch;
            const auto rows = in_whole_blocks(x.rows_from(begin, end - begin), how, worker.scratch);
            if (simd::quantise_tile_operand(rows, shared_.options.rounding, operand.data(),
                                            operand.padded_cols(), begin, 0))
                bad = true;
            worker.prepare += watch.seconds();
        });
        if (bad) throw DeviceError("an operand of the cpu device holds " + place_of_bad_value(x, kLimit));
    }

  private:
    Shared shared_;
};

}  // namespace

std::unique_ptr<Device> make_cpu_tile_device(const DeviceOptions& options, ThreadPool& pool) {
    if (simd::isa() < simd::Isa::amx)
        throw DeviceError("blocks are multiplied as bfloat16 tiles by AMX, which this CPU lacks");
    return std::make_unique<CpuTileDevice>(options, pool);
}

}  // namespace npuscribe
