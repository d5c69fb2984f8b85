#include "simd/matmul/block_matmul_avx_vnni.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/cpuid.h"
#include "simd/matmul/avx2_blocks.h"
#include "simd/matmul/quantise_rows.h"

namespace npuscribe::simd::avx_vnni {

Encoding encoding() {
    // Asked for once, because a virtual machine takes microseconds for CPUID.
    static const Encoding of_cpu = cpu_has_avx_vnni() ? Encoding::vex : Encoding::evex;
    return of_cpu;
}

}  // namespace npuscribe::simd::avx_vnni

// Not avxvnni or avx512vnni: code for AVX-512 would use its 32 registers, and then a measurement on a CPU
// with AVX-512 would say nothing about one without. So the instruction is written in assembly.
NPUSCRIBE_TARGET_BEGIN("avx2,fma")

namespace npuscribe::simd::avx_vnni {
namespace {

using avx2::kLanes, avx2::kRightBytes, avx2::kHalfBytes;

constexpr size_t kTileRows = 3;  // their sums, 16 columns' weights and 4 temporaries fill 16 registers
constexpr size_t kTileCols = kLaneBlock;
// Rows, and blocks along K, that stay in the L1 cache while they are multiplied by a panel: 12 KB, beside 9
// KB of 16 columns. Whole groups and whole tiles.
constexpr size_t kChunkRows = kBlockGroupRows * kTileRows;
constexpr size_t kPartBlocks = 64;
constexpr size_t kPanelVectors = kBlockPanelCols / kLanes;
constexpr size_t kLaneBlocks = kBlockPanelCols / kLaneBlock;      // of a panel
constexpr size_t kLeftBytes = kBlockGroupRows * sizeof(LeftRow);  // of a left block

/// `sum` plus four products of unsigned `weights` and signed `row` in each lane.
template <Encoding kEncoding>
inline __m256i dot(__m256i sum, __m256i weights, __m256i row) {
    if constexpr (kEncoding == Encoding::vex) {
        asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(weights), "x"(row));
    } else {
        asm("%{evex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(weights), "x"(row));
    }
    return sum;
}

/// 8 columns of a right block.
struct Columns {
    __m256i low, high;
    __m256i scale;  // exponents, as bits of floats
};

/// `vector`: counted in the panel.
inline Columns load_columns(const uint8_t* block, size_t vector) {
    const uint8_t* mantissas = avx2::mantissas_of(block, vector);
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(mantissas)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mantissas + kHalfBytes)),
            avx2::load_scales(block, vector)};
}

/// Adds the products of a row and of kVectors times 8 columns to `sum`.
template <bool kScalesAdd, Encoding kEncoding, size_t kVectors>
inline void add_products(const uint8_t* from, const Columns (&columns)[kVectors], __m256* sum) {
    const auto* row = reinterpret_cast<const LeftRow*>(from);
    __m256i products[kVectors];
    const __m256i correction = _mm256_set1_epi32(row->correction), low = _mm256_set1_epi32(row->low);
#pragma GCC unroll 2
    for (size_t v = 0; v < kVectors; ++v) products[v] = dot<kEncoding>(correction, columns[v].low, low);
    const __m256i high = _mm256_set1_epi32(row->high);
#pragma GCC unroll 2
    for (size_t v = 0; v < kVectors; ++v) products[v] = dot<kEncoding>(products[v], columns[v].high, high);
    const __m256i exponent = _mm256_set1_epi32(row->exponent);
#pragma GCC unroll 2
    for (size_t v = 0; v < kVectors; ++v)
        sum[v] = avx2::add_scaled<kScalesAdd>(sum[v], products[v], exponent, columns[v].scale);
}

/// Adds kUsed rows times kVectors times 8 columns, from vector `first` of the panel on, to `sum`. `rows` and
/// `panel`: their first blocks.
template <bool kScalesAdd, Encoding kEncoding, size_t kUsed, size_t kVectors>
inline void multiply_tile(const uint8_t* const (&rows)[kUsed], const uint8_t* panel, size_t first,
                          size_t blocks, __m256 (&sum)[kUsed][kVectors]) {
    for (size_t block = 0; block < blocks; ++block, panel += kRightBytes) {
        if constexpr (kUsed == 1) {
#pragma GCC unroll 8
            for (size_t v = 0; v < kVectors; ++v) {
                const Columns columns[1] = {load_columns(panel, first + v)};
                add_products<kScalesAdd, kEncoding>(rows[0] + block * kLeftBytes, columns, &sum[0][v]);
            }
        } else {
            Columns columns[kVectors];
#pragma GCC unroll 2
            for (size_t v = 0; v < kVectors; ++v) columns[v] = load_columns(panel, first + v);
#pragma GCC unroll 3
            for (size_t r = 0; r < kUsed; ++r)
                add_products<kScalesAdd, kEncoding>(rows[r] + block * kLeftBytes, columns, sum[r]);
        }
    }
}

/// Some rows times some columns of a panel, for some blocks along K.
struct Work {
    const BlockOperands& in;
    size_t row;    // of the left operand, that is row 0 of `out`
    size_t panel;  // counted from the first
    size_t first;  // vector of the panel
    size_t col;    // of `out`
    MatmulOutput out;
    float* sums;  // [out.y.rows][a panel's], of what is not finished
    size_t block, end;

    const uint8_t* left_of(size_t r) const {
        return OperandPlace{const_cast<uint8_t*>(in.left), in.k, row + r, block * bfp16::kBlockSize}.at(0);
    }
    const uint8_t* right() const {
        return in.panels + (panel * (in.k / bfp16::kBlockSize) + block) * kRightBytes;
    }
};

/// kUsed rows from row `row` of the result on, and kVectors times 8 columns. Not inlined, because the loop of
/// multiply_tile needs every register.
template <bool kScalesAdd, Encoding kEncoding, size_t kUsed, size_t kVectors>
[[gnu::noinline]] void multiply_rows(const Work& work, size_t row) {
    const uint8_t* rows[kUsed];
    for (size_t r = 0; r < kUsed; ++r) rows[r] = work.left_of(row + r);
    float* sums = work.sums + row * kBlockPanelCols;
    __m256 sum[kUsed][kVectors];
#pragma GCC unroll 4
    for (size_t r = 0; r < kUsed; ++r) {
#pragma GCC unroll 8
        for (size_t v = 0; v < kVectors; ++v)
            sum[r][v] = work.block == 0 ? _mm256_setzero_ps()
                                        : _mm256_loadu_ps(sums + r * kBlockPanelCols + v * kLanes);
    }
    multiply_tile<kScalesAdd, kEncoding>(rows, work.right(), work.first, work.end - work.block, sum);
    const MatmulOutput& out = work.out;
    const bool finished = work.end * bfp16::kBlockSize == work.in.k;
#pragma GCC unroll 4
    for (size_t r = 0; r < kUsed; ++r) {
        float* y = out.y.data + (row + r) * out.y.stride;
#pragma GCC unroll 8
        for (size_t v = 0; v < kVectors; ++v) {
            const size_t at = work.col + v * kLanes;
            if (!finished) {
                _mm256_storeu_ps(sums + r * kBlockPanelCols + v * kLanes, sum[r][v]);
            } else if (at < out.y.cols) {
                avx2::write_some(sum[r][v], y + at, out.bias != nullptr ? out.bias + at : nullptr,
                                 out.accumulate, out.y.cols - at);
            }
        }
    }
}

/// All rows of the result times 16 columns, in threes and twos.
template <bool kScalesAdd, Encoding kEncoding>
void multiply_lane_block(const Work& work) {
    constexpr size_t kVectors = kTileCols / kLanes;
    const size_t rows = work.out.y.rows;
    size_t row = 0;
    for (; rows - row >= kTileRows && rows - row != kTileRows + 1; row += kTileRows)
        multiply_rows<kScalesAdd, kEncoding, kTileRows, kVectors>(work, row);
    for (; rows - row >= 2; row += 2) multiply_rows<kScalesAdd, kEncoding, 2, kVectors>(work, row);
    if (rows != row) multiply_rows<kScalesAdd, kEncoding, 1, kVectors>(work, row);
}

/// All rows of the result, a chunk, times columns of one panel, one part of K after the other.
template <bool kScalesAdd, Encoding kEncoding>
void multiply_chunk(Work work) {
    float sums[kChunkRows * kBlockPanelCols];
    const size_t blocks = work.in.k / bfp16::kBlockSize;
    const size_t first = work.first;
    for (work.block = 0; work.block < blocks; work.block = work.end) {
        work.end = std::min(blocks, work.block + kPartBlocks);
        for (size_t col = 0; col < work.out.y.cols; col += kTileCols) {
            work.first = first + col / kLanes;
            work.col = col;
            work.sums = sums + col;
            multiply_lane_block<kScalesAdd, kEncoding>(work);
        }
    }
}

template <bool kScalesAdd, Encoding kEncoding>
void multiply_all(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    for (size_t col = 0, cols = 0; col < out.y.cols; col += cols) {
        const size_t lane_block = first + col / kLaneBlock, in_panel = lane_block % kLaneBlocks;
        cols = std::min(out.y.cols - col, (kLaneBlocks - in_panel) * kLaneBlock);
        Work work{
            in,
            row,
            lane_block / kLaneBlocks,
            in_panel * (kLaneBlock / kLanes),
            0,
            {out.y.cols_from(col, cols), out.bias != nullptr ? out.bias + col : nullptr, out.accumulate},
            nullptr,
            0,
            in.k / bfp16::kBlockSize};
        // One row alone waits for memory, which likes whole panels.
        if (out.y.rows == 1 && cols > kBlockPanelCols - kLaneBlock) {
            multiply_rows<kScalesAdd, kEncoding, 1, kPanelVectors>(work, 0);
            continue;
        }
        const auto y = work.out.y;
        for (size_t r = 0; r < y.rows; r += kChunkRows) {
            work.row = row + r;
            work.out.y = y.rows_from(r, std::min(kChunkRows, y.rows - r));
            multiply_chunk<kScalesAdd, kEncoding>(work);
        }
    }
}

template <Encoding kEncoding>
void multiply(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    if (in.scales_add) return multiply_all<true, kEncoding>(in, row, first, out);
    multiply_all<false, kEncoding>(in, row, first, out);
}

}  // namespace

std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding rounding,
                                             const OperandPlace& to, ExponentRange& range) {
    using bfp16::Rounding;
    return quantise_rows(
        rounding == Rounding::floor ? avx2::quantise_row<Rounding::floor, LeftRow, kLeftBytes>
                                    : avx2::quantise_row<Rounding::nearest_even, LeftRow, kLeftBytes>,
        x, [&](size_t r) { return to.at(r); }, range);
}

void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out,
                     Encoding encoding) {
    if (encoding == Encoding::vex) return multiply<Encoding::vex>(in, row, first, out);
    multiply<Encoding::evex>(in, row, first, out);
}

}  // namespace npuscribe::simd::avx_vnni

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::avx_vnni {
namespace {

[[noreturn]] void refuse() {
    refuse_kernel("a product of BFP16 blocks in integers", "AVX-VNNI");
}

}  // namespace

Encoding encoding() {
    refuse();
}
std::optional<size_t> quantise_block_operand(MatrixView<const float>, bfp16::Rounding, const OperandPlace&,
                                             ExponentRange&) {
    refuse();
}
void multiply_blocks(const BlockOperands&, size_t, size_t, const MatmulOutput&, Encoding) {
    refuse();
}

}  // namespace npuscribe::simd::avx_vnni

#endif
