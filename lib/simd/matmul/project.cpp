#include "simd/matmul/project.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

#include "simd/isa.h"
#include "simd/kernels.h"
#include "simd/matmul/float_matmul.h"
#include "simd/matmul/project_bf16.h"
#include "simd/rows/blocks.h"
#include "simd/rows/prepare.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/matmul/project.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/bf16-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

using D = hn::CappedTag<float, kLaneBlock>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kVectors = kLaneBlock / kLanes;

/// Packs a lane block of up to 16 rows [rows × k] as pairs [k/2][16].
void PackBlockBf16(MatrixView<const float> rows, uint32_t* out) {
    for (size_t j = 0; j < kLaneBlock; ++j) {
        for (size_t p = 0; p < rows.cols / 2; ++p) {
            uint32_t pair = 0;
            if (j < rows.rows) pair = Bf16Bits(rows(j, 2 * p)) | Bf16Bits(rows(j, 2 * p + 1)) << 16;
            out[p * kLaneBlock + j] = pair;
        }
    }
}

HWY_INLINE void Store(const V (&sum)[kVectors], size_t column, size_t row, const MatmulOutput& to) {
    float values[kLaneBlock];
    for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sum[v], D(), values + v * kLanes);
    const size_t count = std::min(kLaneBlock, to.y.cols - column);
    float* y = to.y.row(row) + column;
    for (size_t j = 0; j < count; ++j) {
        const float biased = to.bias != nullptr ? values[j] + to.bias[column + j] : values[j];
        y[j] = to.accumulate ? y[j] + biased : biased;
    }
}

template <size_t kRows, Element kElement>
HWY_INLINE void Tile(const void* block, const MatrixView<const float>& rows, size_t column, size_t row,
                     const MatmulOutput& to) {
    const D d;
    const size_t k = rows.cols;
    const float* x = rows.row(row);
    V sum[kRows][kVectors];
    for (size_t r = 0; r < kRows; ++r) {
        for (size_t v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
    }
    if constexpr (kElement == Element::bf16) {
        const uint32_t* pairs = static_cast<const uint32_t*>(block);
        for (size_t p = 0; p < k / 2; ++p) {
            for (size_t v = 0; v < kVectors; ++v) {
                const auto both = LoadPairs(d, pairs + p * kLaneBlock + v * kLanes);
                for (size_t r = 0; r < kRows; ++r) {
                    sum[r][v] = hn::MulAdd(hn::Set(d, x[r * k + 2 * p]), both.even, sum[r][v]);
                    sum[r][v] = hn::MulAdd(hn::Set(d, x[r * k + 2 * p + 1]), both.odd, sum[r][v]);
                }
            }
        }
    } else {
        const float* weights = static_cast<const float*>(block);
        for (size_t i = 0; i < k; ++i) {
            for (size_t v = 0; v < kVectors; ++v) {
                const V weight = hn::LoadU(d, weights + i * kLaneBlock + v * kLanes);
                for (size_t r = 0; r < kRows; ++r)
                    sum[r][v] = hn::MulAdd(hn::Set(d, x[r * k + i]), weight, sum[r][v]);
            }
        }
    }
    for (size_t r = 0; r < kRows; ++r) Store(sum[r], column, row + r, to);
}

template <Element kElement>
void ProjectBlocks(const PackedMatrix& w, const MatrixView<const float>& x, LaneBlocks blocks,
                   const MatmulOutput& to) {
    constexpr size_t kGroup = kLanes >= 8 ? 4 : 2;
    const size_t block_bytes = w.k() * kLaneBlock * bytes(kElement);
    for (size_t b = blocks.first; b < blocks.first + blocks.count; ++b) {
        const uint8_t* block = w.data() + b * block_bytes;
        size_t row = 0;
        for (; row + kGroup <= x.rows; row += kGroup)
            Tile<kGroup, kElement>(block, x, b * kLaneBlock, row, to);
        for (; row < x.rows; ++row) Tile<1, kElement>(block, x, b * kLaneBlock, row, to);
    }
}

void Project(const PackedMatrix& w, const MatrixView<const float>& x, LaneBlocks blocks,
             const MatmulOutput& to) {
    if (w.element() == Element::bf16) {
        ProjectBlocks<Element::bf16>(w, x, blocks, to);
    } else {
        ProjectBlocks<Element::f32>(w, x, blocks, to);
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(PackBlockBf16);
HWY_EXPORT(Project);

PackedMatrix::PackedMatrix(size_t n, size_t k, Element element)
    : n_(n),
      k_(k),
      element_(element),
      size_bytes_(element == Element::bfp16 ? bfp16::panel_bytes(n, k)
                                            : lane_blocks(n) * kLaneBlock * k * bytes(element)),
      storage_(size_bytes_, Pages::huge) {
    assert(k % (element == Element::bfp16 ? bfp16::kBlockSize : 2) == 0);
    if (element == Element::bfp16) bfp16::pad_last_panel(n, k, storage_.data());
}

PackedMatrix::PackedMatrix(size_t n, size_t k, const uint8_t* panels)
    : n_(n), k_(k), element_(Element::bfp16), size_bytes_(bfp16::panel_bytes(n, k)), elsewhere_(panels) {}

std::optional<size_t> PackedMatrix::round_in(size_t first, MatrixView<const float> rows) {
    assert(element_ == Element::bfp16 && elsewhere_ == nullptr && first + rows.rows <= n_);
    return quantise_panels(rows, first, storage_.data());
}

void PackedMatrix::copy_in(size_t first, size_t count, const uint8_t* panels) {
    assert(element_ == Element::bfp16 && elsewhere_ == nullptr && first % bfp16::kPanelRows == 0 &&
           count % bfp16::kPanelRows == 0 && first + count <= n_);
    std::memcpy(storage_.data() + bfp16::panel_bytes(first, k_), panels, bfp16::panel_bytes(count, k_));
}

void PackedMatrix::pack(size_t block, MatrixView<const float> rows) {
    init_isa();
    assert(element_ != Element::bfp16 && rows.rows <= kLaneBlock && rows.cols == k_ && block < blocks());
    uint8_t* out = storage_.data() + block * kLaneBlock * k_ * bytes(element_);
    if (element_ == Element::bf16) {
        HWY_DYNAMIC_DISPATCH(PackBlockBf16)(rows, reinterpret_cast<uint32_t*>(out));
        return;
    }
    float* values = reinterpret_cast<float*>(out);
    for (size_t i = 0; i < k_; ++i) {
        for (size_t j = 0; j < kLaneBlock; ++j)
            values[i * kLaneBlock + j] = j < rows.rows ? rows(j, i) : 0.0F;
    }
}

void PackedMatrix::pack(size_t block, MatrixView<const uint16_t> rows) {
    assert(element_ == Element::bf16 && rows.rows <= kLaneBlock && rows.cols == k_ && block < blocks());
    auto* out = reinterpret_cast<uint32_t*>(storage_.data()) + block * kLaneBlock * k_ / 2;
    static constexpr size_t kPairs = 16;  // of a row; each fills a cache line of the result
    for (size_t first = 0; first < k_ / 2; first += kPairs) {
        const size_t pairs = std::min(kPairs, k_ / 2 - first);
        uint32_t tile[kLaneBlock][kPairs] = {};
        for (size_t j = 0; j < rows.rows; ++j)
            std::memcpy(tile[j], rows.row(j) + 2 * first, pairs * sizeof(uint32_t));
        for (size_t p = 0; p < pairs; ++p) {
            for (size_t j = 0; j < kLaneBlock; ++j) out[(first + p) * kLaneBlock + j] = tile[j][p];
        }
    }
}

void PackedMatrix::unpack_row(size_t row, std::span<float> out) const {
    assert(row < n_ && out.size() == k_);
    if (element_ == Element::bfp16) {
        restore_panels(data(), row, MatrixView<float>(out.data(), 1, k_));
        return;
    }
    const uint8_t* block = storage_.data() + row / kLaneBlock * kLaneBlock * k_ * bytes(element_);
    const size_t lane = row % kLaneBlock;
    for (size_t i = 0; i < k_; ++i) {
        if (element_ == Element::bf16) {
            const uint16_t half =
                reinterpret_cast<const uint16_t*>(block)[(i / 2 * kLaneBlock + lane) * 2 + i % 2];
            const uint32_t bits = static_cast<uint32_t>(half) << 16;
            std::memcpy(&out[i], &bits, sizeof bits);
        } else {
            out[i] = reinterpret_cast<const float*>(block)[i * kLaneBlock + lane];
        }
    }
}

LeftRows::LeftRows(size_t max_rows, size_t max_k, Element element)
    : element_(element),
      blocks_(element == Element::bfp16 && kernels().bfp16_matmul != BlockMatmul::floats),
      native_bf16_(element == Element::bf16 && kernels().projection == ProjectionKernel::avx512_bf16),
      storage_(blocks_ ? block_operand_bytes(max_rows, max_k) : max_rows * max_k * (native_bf16_ ? 2 : 4)),
      row_(blocks_ ? max_k : 0) {}

void LeftRows::prepare(MatrixView<const float> x, const RowPreparation& how) {
    rows_ = x.rows;
    cols_ = x.cols;
    if (blocks_) return prepare_blocks(x, how);
    assert(rows_ * cols_ * (native_bf16_ ? 2 : 4) <= storage_.size());
    // Rows with Inf or NaN are passed on: they show in the logits, which the search checks.
    if (native_bf16_) {
        prepare_bf16(x, how, {reinterpret_cast<uint16_t*>(storage_.data()), rows_, cols_});
    } else {
        prepare_f32(x, how, {reinterpret_cast<float*>(storage_.data()), rows_, cols_});
    }
}

void LeftRows::prepare_blocks(MatrixView<const float> x, const RowPreparation& how) {
    assert(block_operand_bytes(rows_, cols_) <= storage_.size());
    exponents_ = {};
    bad_rows_.clear();
    for (size_t r = 0; r < x.rows; ++r) {
        auto row = x.rows_from(r, 1);
        if (how.operation != RowOperation::none) {
            prepare_f32(row, how, row_.matrix(1, cols_));
            row = std::as_const(row_).matrix(1, cols_);
        }
        if (quantise_block_operand(row, bfp16::Rounding::nearest_even, {storage_.data(), cols_, r},
                                   exponents_))
            bad_rows_.push_back(r);
    }
}

namespace {
/// What rows are rounded to before `project`; blocks round f32 themselves.
Numerics numerics_for(Element element) {
    return element == Element::bf16 ? Numerics::bf16 : Numerics::f32;
}
}  // namespace

void LeftRows::assign(MatrixView<const float> x) {
    prepare(x, {RowOperation::none, nullptr, nullptr, numerics_for(element_), {}});
}

void LeftRows::assign_normalised(MatrixView<const float> x, const float* weight, const float* bias) {
    prepare(x, {RowOperation::layer_norm, weight, bias, numerics_for(element_), {}});
}

void LeftRows::assign_gelu(MatrixView<const float> x) {
    prepare(x, {RowOperation::gelu, nullptr, nullptr, numerics_for(element_), {}});
}

namespace {
void project_blocks(const PackedMatrix& w, const LeftRows& x, LaneBlocks blocks, const MatmulOutput& out) {
    const size_t column = blocks.first * kLaneBlock;
    const auto part = out.y.cols_from(column, std::min(out.y.cols - column, blocks.count * kLaneBlock));
    multiply_blocks({static_cast<const uint8_t*>(x.data()), w.data(), w.k(),
                     block_scales_add(x.exponents(), w.exponents())},
                    0, blocks.first,
                    {part, out.bias != nullptr ? out.bias + column : nullptr, out.accumulate});
    for (const size_t row : x.bad_rows())
        std::fill_n(part.row(row), part.cols, std::numeric_limits<float>::quiet_NaN());
}

void project_floats(const PackedMatrix& w, const LeftRows& x, LaneBlocks blocks, const MatmulOutput& out) {
    thread_local Buffer<float> scratch;
    scratch.reserve_discard(kFloatScratch);
    const size_t column = blocks.first * kLaneBlock;
    const auto part = out.y.cols_from(column, std::min(out.y.cols - column, blocks.count * kLaneBlock));
    multiply_floats({static_cast<const float*>(x.data()), x.rows(), x.cols()}, w.data(), blocks.first,
                    {part, out.bias != nullptr ? out.bias + column : nullptr, out.accumulate},
                    {scratch.data(), kFloatScratch});
}
}  // namespace

void project(const PackedMatrix& w, const LeftRows& x, LaneBlocks blocks, const MatmulOutput& out) {
    assert(x.cols() == w.k() && out.y.rows == x.rows() && out.y.cols == w.n() &&
           blocks.first + blocks.count <= w.blocks());
    if (x.blocks()) return project_blocks(w, x, blocks, out);
    if (w.element() == Element::bfp16) return project_floats(w, x, blocks, out);
    if (x.native_bf16()) {
        const MatrixView<const uint16_t> rows(static_cast<const uint16_t*>(x.data()), x.rows(), x.cols());
        return avx512_bf16::project(w, rows, blocks, out);
    }
    const MatrixView<const float> rows(static_cast<const float*>(x.data()), x.rows(), x.cols());
    HWY_DYNAMIC_DISPATCH(Project)(w, rows, blocks, out);
}

}  // namespace npuscribe::simd
#endif
