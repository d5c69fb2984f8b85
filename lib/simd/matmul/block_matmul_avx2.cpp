#include "simd/matmul/block_matmul_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "simd/matmul/avx2_blocks.h"
#include "simd/matmul/quantise_rows.h"

// 64 products of a row and 8 columns are four vpmaddwd, three additions, a conversion, the sum of two
// exponents and an FMA: 10 instructions in place of 8 FMAs. But an AVX2 core that multiplies two vectors in a
// cycle adds and converts others beside them: Zen 3 and 4 take 3.1 cycles for the 10, and 4 for 8 FMAs. They
// are not worse where all vector units are shared. vpmaddubsw would need each weight's sign changed by each
// row, and its sums of two products of -128 saturate.

NPUSCRIBE_TARGET_BEGIN("avx2,fma")

namespace npuscribe::simd::avx2 {
namespace {

constexpr size_t kTileRows = 3;  // their sums and their blocks' sums, of 16 columns, take 12 of 16 registers
constexpr size_t kVectors = kLaneBlock / kLanes;
// Blocks along K whose 16 columns are widened at a time: 20 KB of a 32 KB L1 cache.
constexpr size_t kPartBlocks = 64;
// Rows that share what is widened: of 64 blocks along K they are 120 KB, in the L2 cache.
constexpr size_t kChunkRows = 96;
constexpr size_t kLaneBlocks = kBlockPanelCols / kLaneBlock;  // of a panel

/// 16 columns of a right block, as the left operand has its rows.
struct RightWords {
    int32_t pairs[4][kLaneBlock];
    int32_t scales[kLaneBlock];
};

/// Widens `blocks` blocks along K. `panel`: its first block; `lane_block`: counted in the panel.
void widen(const uint8_t* panel, size_t lane_block, size_t blocks, RightWords* out) {
    const __m256i offset = _mm256_set1_epi8(static_cast<char>(128));
    for (; blocks != 0; --blocks, panel += kRightBytes, ++out) {
        for (size_t v = 0; v < kVectors; ++v) {
            const size_t vector = lane_block * kVectors + v;
            const uint8_t* mantissas = mantissas_of(panel, vector);
            for (size_t half = 0; half < 2; ++half, mantissas += kHalfBytes) {
                const __m256i bytes = _mm256_xor_si256(load(mantissas), offset);
                store(widen_even(bytes), out->pairs[2 * half] + v * kLanes);
                store(widen_odd(bytes), out->pairs[2 * half + 1] + v * kLanes);
            }
            store(load_scales(panel, vector), out->scales + v * kLanes);
        }
    }
}

/// Keeps the additions of a block in their order: g++ would form a tree of them, which takes more registers
/// than there are.
inline void in_order(__m256i& sum) {
    asm("" : "+x"(sum));
}

/// Adds kRows rows, which are `stride` blocks apart, times 16 columns to `sum`.
template <bool kScalesAdd, size_t kRows>
inline void multiply_tile(const LeftWords* rows, size_t stride, const RightWords* right, size_t blocks,
                          __m256 (&sum)[kRows][kVectors]) {
    for (; blocks != 0; --blocks, ++rows, ++right) {
        __m256i products[kRows][kVectors];
#pragma GCC unroll 4
        for (size_t p = 0; p < 4; ++p) {
            const __m256i weights[kVectors] = {load(right->pairs[p]), load(right->pairs[p] + kLanes)};
#pragma GCC unroll 4
            for (size_t r = 0; r < kRows; ++r) {
                const __m256i row = _mm256_set1_epi32(rows[r * stride].pairs[p]);
#pragma GCC unroll 2
                for (size_t v = 0; v < kVectors; ++v) {
                    const __m256i product = _mm256_madd_epi16(row, weights[v]);
                    products[r][v] = p == 0 ? product : _mm256_add_epi32(products[r][v], product);
                    in_order(products[r][v]);
                }
            }
        }
        const __m256i scales[kVectors] = {load(right->scales), load(right->scales + kLanes)};
#pragma GCC unroll 4
        for (size_t r = 0; r < kRows; ++r) {
            const __m256i exponent = _mm256_set1_epi32(rows[r * stride].exponent);
#pragma GCC unroll 2
            for (size_t v = 0; v < kVectors; ++v)
                sum[r][v] = add_scaled<kScalesAdd>(sum[r][v], products[r][v], exponent, scales[v]);
        }
    }
}

/// A part of K of some rows, times 16 columns.
struct Work {
    const LeftWords* left;  // the first block of the part, in the first row
    size_t stride;          // blocks from a row to the next
    const RightWords* right;
    size_t blocks;
    float* sums;  // [rows][16], if this is not the whole of K
    bool first_part, last_part;
    MatmulOutput out;  // its columns: 16 or fewer
};

/// kRows rows from row `row` on. Not inlined, because the loop of multiply_tile needs every register.
template <bool kScalesAdd, size_t kRows>
[[gnu::noinline]] void multiply_rows(const Work& work, size_t row) {
    float* sums = work.sums + row * kLaneBlock;
    __m256 sum[kRows][kVectors];
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
        for (size_t v = 0; v < kVectors; ++v)
            sum[r][v] =
                work.first_part ? _mm256_setzero_ps() : _mm256_loadu_ps(sums + r * kLaneBlock + v * kLanes);
    }
    multiply_tile<kScalesAdd>(work.left + row * work.stride, work.stride, work.right, work.blocks, sum);
    const MatmulOutput& out = work.out;
    const auto bias_of = [&](size_t v) { return out.bias != nullptr ? out.bias + v * kLanes : nullptr; };
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
        float* y = out.y.row(row + r);
#pragma GCC unroll 2
        for (size_t v = 0; v < kVectors; ++v) {
            const size_t at = v * kLanes;
            if (!work.last_part) {
                _mm256_storeu_ps(sums + r * kLaneBlock + at, sum[r][v]);
            } else if (out.y.cols == kLaneBlock) {
                write_all(sum[r][v], y + at, bias_of(v), out.accumulate);
            } else if (at < out.y.cols) {
                write_some(sum[r][v], y + at, bias_of(v), out.accumulate, out.y.cols - at);
            }
        }
    }
}

/// All rows of the result, in threes, and in one or two fours if that leaves no others.
template <bool kScalesAdd>
void multiply_part(const Work& work) {
    const size_t rows = work.out.y.rows;
    const size_t fours = rows >= 4 * (rows % kTileRows) ? rows % kTileRows : 0;
    size_t row = 0;
    for (; row + kTileRows <= rows - 4 * fours; row += kTileRows)
        multiply_rows<kScalesAdd, kTileRows>(work, row);
    for (; row + 4 <= rows; row += 4) multiply_rows<kScalesAdd, 4>(work, row);
    if (rows - row == 2) multiply_rows<kScalesAdd, 2>(work, row);
    if (rows - row == 1) multiply_rows<kScalesAdd, 1>(work, row);
}

template <bool kScalesAdd>
void multiply_all(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    alignas(64) RightWords right[kPartBlocks];
    alignas(64) float sums[kChunkRows * kLaneBlock];
    const size_t blocks = in.k / bfp16::kBlockSize;
    const auto* left = reinterpret_cast<const LeftWords*>(in.left) + row * blocks;
    for (size_t r = 0; r < out.y.rows; r += kChunkRows) {
        const auto rows = out.y.rows_from(r, std::min(kChunkRows, out.y.rows - r));
        for (size_t col = 0; col < out.y.cols; col += kLaneBlock) {
            const size_t lane_block = first + col / kLaneBlock;
            const uint8_t* panel = in.panels + lane_block / kLaneBlocks * blocks * kRightBytes;
            const MatmulOutput part{rows.cols_from(col, std::min(kLaneBlock, out.y.cols - col)),
                                    out.bias != nullptr ? out.bias + col : nullptr, out.accumulate};
            for (size_t block = 0; block < blocks; block += kPartBlocks) {
                const size_t count = std::min(kPartBlocks, blocks - block);
                widen(panel + block * kRightBytes, lane_block % kLaneBlocks, count, right);
                multiply_part<kScalesAdd>({left + r * blocks + block, blocks, right, count, sums, block == 0,
                                           block + count == blocks, part});
            }
        }
    }
}

}  // namespace

std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding rounding,
                                             const OperandPlace& to, ExponentRange& range) {
    using bfp16::Rounding;
    constexpr size_t kStep = sizeof(LeftWords);
    return quantise_rows(
        rounding == Rounding::floor ? quantise_row<Rounding::floor, LeftWords, kStep>
                                    : quantise_row<Rounding::nearest_even, LeftWords, kStep>,
        x, [&](size_t r) { return to.words_at(r); }, range);
}

void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    if (in.scales_add) return multiply_all<true>(in, row, first, out);
    multiply_all<false>(in, row, first, out);
}

}  // namespace npuscribe::simd::avx2

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::avx2 {
namespace {

[[noreturn]] void refuse() {
    refuse_kernel("a product of BFP16 blocks as 16-bit integers", "AVX2");
}

}  // namespace

std::optional<size_t> quantise_block_operand(MatrixView<const float>, bfp16::Rounding, const OperandPlace&,
                                             ExponentRange&) {
    refuse();
}
void multiply_blocks(const BlockOperands&, size_t, size_t, const MatmulOutput&) {
    refuse();
}

}  // namespace npuscribe::simd::avx2

#endif
