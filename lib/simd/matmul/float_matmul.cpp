#include "simd/matmul/float_matmul.h"

#include <algorithm>
#include <cassert>
#include <type_traits>

#include "simd/isa.h"
#include "simd/packing.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/matmul/float_matmul.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using bfp16::kBlockSize;
using bfp16::kPanelBlockBytes;
using bfp16::kPanelRows;

using D = hn::CappedTag<float, kLaneBlock>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kVectors = 2;  // of columns that are multiplied together
constexpr size_t kCols = kVectors * kLanes;
// Rows at once: their sums, two vectors of weights and one of x fill 16 registers, or 32.
constexpr size_t kRows = kLanes >= 16 ? 12 : 6;
static_assert(kFloatChunkRows % kRows == 0);
// Values along K that are expanded at a time: kCols columns of them fill half of a 32 KB L1 cache.
constexpr size_t kDepth = std::min(size_t{512}, 4096 / kCols);
static_assert(kDepth * kPanelRows <= kFloatScratch && kDepth % kBlockSize == 0);

/// Expands `blocks` blocks along K of some of a panel's columns: for each kCols of these, [k][kCols] floats.
void Expand(const uint8_t* from, size_t blocks, LaneBlocks columns, float* out) {
    // A mantissa's byte is ORed below an exponent with which a unit of it is worth 1/64. Multiplied by the
    // block's power of two, less what the exponent and the bias of 128 add, this is the value, exactly.
    const D d;
    const hn::RebindToUnsigned<D> du;
    const hn::Rebind<uint8_t, D> d8;
    const auto byte = hn::Set(du, 0xFF), base = hn::Set(du, (127 + 17) << 23);
    const V bias = hn::Set(d, 0x1p17F + 2);
    const size_t k = blocks * kBlockSize, first = columns.first * kLaneBlock;
    for (size_t block = 0; block < blocks; ++block, from += kPanelBlockBytes) {
        const uint8_t* exponents = from + kPanelRows * kBlockSize + first;
        for (size_t col = 0; col < columns.count * kLaneBlock; col += kLanes) {
            const uint8_t* mantissas =
                from + (first + col) / kLaneBlock * kLaneBlock * kBlockSize + col % kLaneBlock * 4;
            const V unit =
                hn::BitCast(d, hn::ShiftLeft<23>(hn::PromoteTo(du, hn::LoadU(d8, exponents + col))));
            const V biases = hn::Mul(unit, bias);
            float* to = out + col / kCols * kCols * k + col % kCols + block * kBlockSize * kCols;
            for (size_t half = 0; half < 2; ++half, mantissas += kLaneBlock * 4) {
                auto four = hn::LoadU(du, reinterpret_cast<const uint32_t*>(mantissas));
                for (size_t i = 0; i < 4; ++i, to += kCols) {
                    const V value = hn::BitCast(d, hn::Or(hn::And(four, byte), base));
                    hn::StoreU(hn::MulSub(value, unit, biases), d, to);
                    four = hn::ShiftRight<8>(four);
                }
            }
        }
    }
}

/// Where kCols columns of sums go: y = (add ? y : 0) + bias + sum.
struct TileOutput {
    float* y;
    size_t stride;
    const float* bias;
    bool add;
};

/// Multiplies kTile rows by kCols expanded columns.
template <size_t kTile>
HWY_INLINE void Tile(const float* HWY_RESTRICT x, size_t stride, const float* HWY_RESTRICT weights, size_t k,
                     const TileOutput& out) {
    const D d;
    V sum[kTile][kVectors];
    for (size_t r = 0; r < kTile; ++r) {
        for (size_t v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
    }
    for (size_t i = 0; i < k; ++i) {
        V weight[kVectors];
        for (size_t v = 0; v < kVectors; ++v) weight[v] = hn::LoadU(d, weights + i * kCols + v * kLanes);
        for (size_t r = 0; r < kTile; ++r) {
            const V value = hn::Set(d, x[r * stride + i]);
            for (size_t v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(value, weight[v], sum[r][v]);
        }
    }
    for (size_t r = 0; r < kTile; ++r) {
        for (size_t v = 0; v < kVectors; ++v) {
            float* y = out.y + r * out.stride + v * kLanes;
            V value = hn::Add(sum[r][v], hn::LoadU(d, out.bias + v * kLanes));
            if (out.add) value = hn::Add(hn::LoadU(d, y), value);
            hn::StoreU(value, d, y);
        }
    }
}

/// x · kCols expanded columns, in groups of rows as even as possible: a few rows wait for their sums.
void Columns(const MatrixView<const float>& x, const float* weights, TileOutput out) {
    for (size_t r = 0; r < x.rows;) {
        const size_t rest = x.rows - r, groups = (rest + kRows - 1) / kRows;
        size_t rows = (rest + groups - 1) / groups;
        const auto tile = [&]<size_t kTile>(std::integral_constant<size_t, kTile>)
                              HWY_ATTR { Tile<kTile>(x.row(r), x.stride, weights, x.cols, out); };
        if (rows != kRows) rows = std::min(rows, size_t{6});
        switch (rows) {
            case 1:
                tile(std::integral_constant<size_t, 1>());
                break;
            case 2:
                tile(std::integral_constant<size_t, 2>());
                break;
            case 3:
                tile(std::integral_constant<size_t, 3>());
                break;
            case 4:
                tile(std::integral_constant<size_t, 4>());
                break;
            case 5:
                tile(std::integral_constant<size_t, 5>());
                break;
            case 6:
                tile(std::integral_constant<size_t, 6>());
                break;
            default:
                tile(std::integral_constant<size_t, kRows>());
        }
        r += rows;
        out.y += rows * out.stride;
    }
}

/// Columns from lane block `first` of a panel on, as many as out.y has; `from`: the panel.
void MultiplyPanel(const MatrixView<const float>& x, const uint8_t* from, size_t first,
                   const MatmulOutput& out, float* expanded) {
    const size_t lane_blocks_here = lane_blocks(out.y.cols);
    for (size_t k = 0; k < x.cols; k += kDepth) {
        const auto part = x.cols_from(k, std::min(kDepth, x.cols - k));
        Expand(from, part.cols / kBlockSize, {first, lane_blocks_here}, expanded);
        from += part.cols / kBlockSize * kPanelBlockBytes;
        const bool add = out.accumulate || k != 0;
        for (size_t col = 0; col < out.y.cols; col += kCols) {
            const size_t cols = std::min(kCols, out.y.cols - col);
            const float* weights = expanded + col * part.cols;
            float bias[kCols] = {};
            if (out.bias != nullptr && k == 0) std::copy_n(out.bias + col, cols, bias);
            if (cols == kCols) {
                Columns(part, weights, {out.y.data + col, out.y.stride, bias, add});
                continue;
            }
            for (size_t r = 0; r < x.rows; ++r) {  // the last columns
                float row[kCols];
                Tile<1>(part.row(r), part.stride, weights, part.cols, {row, kCols, bias, false});
                float* y = out.y.row(r) + col;
                for (size_t c = 0; c < cols; ++c) y[c] = add ? y[c] + row[c] : row[c];
            }
        }
    }
}

void Multiply(const MatrixView<const float>& x, const uint8_t* panels, size_t first, const MatmulOutput& out,
              float* expanded) {
    constexpr size_t kPanelBlocks = kPanelRows / kLaneBlock;
    const size_t panel_bytes = x.cols / kBlockSize * kPanelBlockBytes;
    for (size_t col = 0, cols = 0; col < out.y.cols; col += cols) {
        const size_t block = first + col / kLaneBlock;
        cols = std::min(out.y.cols - col, (kPanelBlocks - block % kPanelBlocks) * kLaneBlock);
        MultiplyPanel(
            x, panels + block / kPanelBlocks * panel_bytes, block % kPanelBlocks,
            {out.y.cols_from(col, cols), out.bias != nullptr ? out.bias + col : nullptr, out.accumulate},
            expanded);
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(Multiply);

void multiply_floats(MatrixView<const float> x, const uint8_t* panels, size_t first, const MatmulOutput& out,
                     std::span<float> scratch) {
    assert(x.cols % bfp16::kBlockSize == 0 && out.y.rows == x.rows && scratch.size() >= kFloatScratch);
    init_isa();
    HWY_DYNAMIC_DISPATCH(Multiply)(x, panels, first, out, scratch.data());
}

}  // namespace npuscribe::simd
#endif
