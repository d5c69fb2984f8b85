#include "simd/matmul/tile_matmul.h"

#include <algorithm>
#include <cassert>

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/amx_tiles.h"
#include "simd/matmul/avx512_blocks.h"
#include "simd/matmul/avx512_gelu.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512vnni,prfchw,amx-tile,amx-bf16")

namespace npuscribe::simd {
namespace {

constexpr size_t kLanes = kLaneBlock;
constexpr size_t kRowBytes = kTileDepth * sizeof(uint16_t);  // of a block
constexpr size_t kCols = kTileDepth;                         // multiplied at once
constexpr size_t kSumBytes = kCols * sizeof(float);          // of a row of sums
static_assert(kRowBytes == amx::kTileRowBytes && kTileBlockBytes == 2 * amx::kTileBytes);
static_assert(kTileGroupRows == kCols && kTileGroupRows == 2 * amx::kTileRows);

/// Rows of y are far apart in memory, and each piece is too short for the CPU's prefetcher.
inline void fetch_to_write(const float* row) {
    __builtin_prefetch(row, 1);
    __builtin_prefetch(row + kLanes, 1);
}

/// Finishes rows of sums into a matrix.
template <bool kGelu>
class ToMatrix {
  public:
    ToMatrix(const MatmulOutput& out, const GeluTable& table) : out_(out), table_(table) {}

    /// Begins the sums of 32 × 32 values from (row, col) on; returns how many rows of them there are.
    size_t begin(size_t row, size_t col) {
        const size_t cols = out_.y.cols - col;
        for (size_t v = 0; v < 2; ++v) lanes_[v] = lanes_of(cols, v);
        y_ = out_.y.data + row * out_.y.stride + col;
        return std::min(kTileGroupRows, out_.y.rows - row);
    }
    void row(const float* sums) {
        constexpr size_t kRowsAhead = 16;
        fetch_to_write(y_ + kRowsAhead * out_.y.stride);
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; ++v) {
            float* y = y_ + v * kLanes;
            __m512 value = _mm512_load_ps(sums + v * kLanes);
            if (out_.accumulate) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(lanes_[v], y));
            if constexpr (kGelu) value = gelu(value, table_);
            _mm512_mask_storeu_ps(y, lanes_[v], value);
        }
        y_ += out_.y.stride;
    }
    void end(const float*) {}

    /// The place of the sums from (row, col) on, if they may be stored as they are; null if they need
    /// finishing.
    float* place_of(size_t row, size_t col) const {
        const bool whole = row + kTileGroupRows <= out_.y.rows && col + kCols <= out_.y.cols;
        return whole && !kGelu && !out_.accumulate ? out_.y.data + row * out_.y.stride + col : nullptr;
    }
    size_t stride() const {
        return out_.y.stride;
    }

  private:
    const MatmulOutput& out_;
    const GeluTable& table_;
    __mmask16 lanes_[2];
    float* y_;
};

/// Finishes rows of sums into a left operand.
template <bfp16::Rounding kRounding, bool kGelu>
class ToOperand {
  public:
    ToOperand(const TileOperandOutput& out, size_t first_row, const GeluTable& table)
        : out_(out), table_(table), first_row_(first_row) {}

    size_t begin(size_t row, size_t col) {
        const size_t group = (first_row_ + row) / kTileGroupRows;
        const size_t block = group * tile_depth_blocks(out_.k) + (out_.col + col) / kTileDepth;
        to_ = out_.operand + block * kTileBlockBytes;
        begun_ = row;
        count_ = std::min(kTileGroupRows, out_.rows - row);
        largest_ = _mm512_setzero_si512();
        return count_;
    }
    void row(const float* sums) {
        __m512 low = _mm512_load_ps(sums), high = _mm512_load_ps(sums + kLanes);
        if constexpr (kGelu) {
            const __m512i largest = _mm512_max_epi32(magnitudes_of(low), magnitudes_of(high));
            largest_ = _mm512_max_epi32(largest_, largest);
            low = gelu(low, table_);
            high = gelu(high, table_);
        }
        const __m512i largest = put_bf16_blocks<kRounding>(low, high, to_);
        if constexpr (!kGelu) largest_ = _mm512_max_epi32(largest_, largest);
        to_ += kRowBytes;
    }
    void end(const float* sums) {
        if (bad_row_ <= begun_ || !too_large(largest_)) return;
        for (size_t r = 0; r < count_; ++r, sums += kCols) {
            const __m512 low = _mm512_load_ps(sums), high = _mm512_load_ps(sums + kLanes);
            if (!too_large(_mm512_max_epi32(magnitudes_of(low), magnitudes_of(high)))) continue;
            bad_row_ = std::min(bad_row_, begun_ + r);
            return;
        }
    }
    float* place_of(size_t, size_t) const { return nullptr; }
    size_t stride() const { return 0; }
    std::optional<size_t> bad_row() const {
        return bad_row_ == SIZE_MAX ? std::nullopt : std::optional(bad_row_);
    }

  private:
    const TileOperandOutput& out_;
    const GeluTable& table_;
    size_t first_row_;
    uint8_t* to_;
    size_t begun_, count_;
    __m512i largest_;
    size_t bad_row_ = SIZE_MAX;
};

/// Finishes 32 × 32 sums a few rows at a time.
template <class Finish>
class Pending {
  public:
    explicit Pending(Finish& finish) : finish_(finish) {}

    void begin(const float* sums, size_t row, size_t col) {
        sums_ = sums;
        rows_ = finish_.begin(row, col);
        done_ = due_ = 0;
    }
    /// Finishes a share of the rows: after `parts` calls only end() is left to do.
    void part(size_t parts) {
        for (due_ += rows_; due_ >= parts; due_ -= parts) next();
    }
    void end() {
        while (done_ < rows_) next();
        if (rows_ != 0) finish_.end(sums_);
        rows_ = done_ = 0;
    }

  private:
    void next() { finish_.row(sums_ + done_++ * kCols); }

    Finish& finish_;
    const float* sums_ = nullptr;
    size_t rows_ = 0, done_ = 0, due_ = 0;
};

/// Tiles 0 to 3 from 32 × 32 sums, or from one row of 32 if row_bytes is 0.
inline void load_sums(const float* sums, size_t row_bytes) {
    const size_t lower = amx::kTileRows * row_bytes / sizeof(float);
    _tile_loadd(0, sums, row_bytes);
    _tile_loadd(1, sums + kLanes, row_bytes);
    _tile_loadd(2, sums + lower, row_bytes);
    _tile_loadd(3, sums + lower + kLanes, row_bytes);
}

inline void store_sums(float* sums, size_t row_bytes) {
    const size_t lower = amx::kTileRows * row_bytes / sizeof(float);
    _tile_stored(0, sums, row_bytes);
    _tile_stored(1, sums + kLanes, row_bytes);
    _tile_stored(2, sums + lower, row_bytes);
    _tile_stored(3, sums + lower + kLanes, row_bytes);
}

/// Multiplies to 32 × 32 sums at a time, and finishes the previous sums meanwhile: a tile instruction takes
/// 16 cycles, in which the vector units have nothing else to do. x is loaded past the first cache, so that 32
/// columns of w stay in it; a long K is cut into slices short enough for that.
template <class Finish>
void multiply(const TileOperands& in, size_t rows, size_t cols, const float* bias, Finish& finish) {
    constexpr size_t kMostSteps = 16;  // of a slice: w takes 32 KB
    constexpr size_t kMostGroups = 8;  // whose sums wait for the next slice
    const size_t steps = tile_depth_blocks(in.k);
    const size_t slices = (steps + kMostSteps - 1) / kMostSteps;
    const size_t slice_steps = (steps + slices - 1) / slices;
    const size_t group_bytes = steps * kTileBlockBytes;
    const size_t part_rows = slices == 1 ? rows : kMostGroups * kTileGroupRows;
    alignas(64) float sums[kMostGroups][kTileGroupRows * kCols];
    alignas(64) float first_sums[kBlockPanelCols] = {};
    if (bias != nullptr) std::copy_n(bias, cols, first_sums);
    Pending<Finish> pending(finish);

    // Computes the sums of one group along one slice.
    const auto multiply_slice = [&](size_t row, size_t col, size_t first, size_t count, float* to) {
        const uint8_t* x = in.left + row / kTileGroupRows * group_bytes + first * kTileBlockBytes;
        const uint8_t* w = in.panel + col / kCols * group_bytes + first * kTileBlockBytes;
        const bool last = first + count == steps;
        const float* fetched = last ? finish.place_of(row, col) : nullptr;
        const size_t fetched_a_step = fetched != nullptr ? (kTileGroupRows + count - 1) / count : 0;
        first == 0 ? load_sums(first_sums + col, 0) : load_sums(to, kSumBytes);
        for (size_t step = 0; step < count; ++step, x += kTileBlockBytes, w += kTileBlockBytes) {
            _tile_stream_loadd(4, x, kRowBytes);
            _tile_loadd(6, w, kRowBytes);
            _tile_loadd(7, w + amx::kTileBytes, kRowBytes);
            _tile_stream_loadd(5, x + amx::kTileBytes, kRowBytes);
            pending.part(2 * count);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            pending.part(2 * count);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            for (size_t i = 0; i < fetched_a_step; ++i, fetched += finish.stride()) fetch_to_write(fetched);
        }
        pending.end();  // before its sums are overwritten
        if (fetched != nullptr) return store_sums(finish.place_of(row, col), finish.stride() * sizeof(float));
        store_sums(to, kSumBytes);
        if (last) pending.begin(to, row, col);
    };

    const amx::Tiles tiles;
    amx::before_tile_loads();
    for (size_t col = 0; col < cols; col += kCols) {
        for (size_t part = 0; part < rows; part += part_rows) {
            const size_t end = std::min(rows, part + part_rows);
            for (size_t first = 0; first < steps; first += slice_steps) {
                const size_t count = std::min(slice_steps, steps - first);
                for (size_t row = part; row < end; row += kTileGroupRows) {
                    const size_t group = slices == 1 ? 0 : (row - part) / kTileGroupRows;
                    multiply_slice(row, col, first, count, sums[group]);
                }
            }
        }
    }
    pending.end();
}

const GeluTable& gelu_table() {
    static const GeluTable table;
    return table;
}

template <bfp16::Rounding kRounding, bool kGelu>
std::optional<size_t> multiply_to_operand(const TileOperands& in, size_t row, const TileOperandOutput& out) {
    ToOperand<kRounding, kGelu> finish(out, row, gelu_table());
    multiply(in, out.rows, out.cols, out.bias, finish);
    return finish.bad_row();
}

/// The same operands, the left one from `row` on.
TileOperands from_row(const TileOperands& in, size_t row) {
    assert(row % kTileGroupRows == 0);
    return {in.left + row / kTileGroupRows * tile_depth_blocks(in.k) * kTileBlockBytes, in.panel, in.k};
}

}  // namespace

void multiply_tiles(const TileOperands& in, size_t row, const MatmulOutput& out, bool gelu) {
    assert(out.y.cols <= kBlockPanelCols);
    const TileOperands rows = from_row(in, row);
    if (gelu) {
        ToMatrix<true> finish(out, gelu_table());
        return multiply(rows, out.y.rows, out.y.cols, out.bias, finish);
    }
    ToMatrix<false> finish(out, gelu_table());
    multiply(rows, out.y.rows, out.y.cols, out.bias, finish);
}

std::optional<size_t> multiply_tiles(const TileOperands& in, size_t row, const TileOperandOutput& out) {
    assert(out.cols <= kBlockPanelCols && out.col % kTileDepth == 0);
    using bfp16::Rounding;
    const auto work = out.rounding == Rounding::floor
                          ? (out.gelu ? multiply_to_operand<Rounding::floor, true>
                                      : multiply_to_operand<Rounding::floor, false>)
                          : (out.gelu ? multiply_to_operand<Rounding::nearest_even, true>
                                      : multiply_to_operand<Rounding::nearest_even, false>);
    return work(from_row(in, row), row, out);
}

}  // namespace npuscribe::simd

NPUSCRIBE_TARGET_END

#endif
