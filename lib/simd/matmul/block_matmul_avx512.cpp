#include "simd/matmul/block_matmul_avx512.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "base/buffer.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/matmul/avx512_blocks.h"
#include "simd/matmul/quantise_rows.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512 ",avx512vnni")

namespace npuscribe::simd::avx512_vnni {
namespace {

constexpr size_t kLanes = kLaneBlock;  // columns side by side in a register
constexpr size_t kRows = kBlockGroupRows;
constexpr size_t kLeftBytes = kRows * sizeof(LeftRow);       // of a left block
constexpr size_t kVectors = kBlockPanelCols / kLanes;        // of a panel
constexpr size_t kVectorBytes = kLanes * bfp16::kBlockSize;  // of 16 columns' mantissas in a right block
constexpr size_t kMantissaBytes = kVectors * kVectorBytes;   // of all of them
constexpr size_t kRightBytes = kMantissaBytes + kBlockPanelCols;

/// The range of a row's blocks so far. Without member initialisers: their code would be compiled for the
/// build's own target.
struct RangeOfRow {
    __m512i lowest, highest;  // exponent bits of the blocks that are not zero
    __m512i largest;          // magnitude, as bits
};

/// Rounds the `count` blocks, 1 or 2, that `values` holds, and stores them at `to`.
template <bfp16::Rounding kRounding>
inline void put_blocks(__m512 values, size_t count, uint8_t* to, RangeOfRow& range) {
    const __m512i largest = largest_of_blocks(magnitudes_of(values));
    range.largest = _mm512_max_epi32(range.largest, largest);
    const auto [bits, base, exponents] = round_blocks<kRounding>(values, largest);
    const __m512i mantissas = _mm512_sub_epi32(bits, base);
    const __mmask16 zero = _mm512_testn_epi32_mask(largest, largest);
    range.highest = _mm512_max_epi32(range.highest, exponents);
    range.lowest =
        _mm512_mask_min_epi32(range.lowest, static_cast<__mmask16>(~zero), range.lowest, exponents);
    const __m512i counted = _mm512_mask_mov_epi32(
        exponents, zero, _mm512_set1_epi32(static_cast<int>(bfp16::kExponentOfZeros << 23)));
    const __m512i stored = _mm512_sub_epi32(counted, _mm512_set1_epi32(kScaleBias));

    const __m128i bytes = _mm512_cvtsepi32_epi8(mantissas);  // saturates at 127
    const __m128i quarters =
        _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(static_cast<char>(128)), bytes);
    const __m128i sums = _mm_sub_epi32(_mm_setzero_si128(), _mm_hadd_epi32(quarters, quarters));
    const __m128i of_exponents =
        _mm_unpacklo_epi32(_mm512_castsi512_si128(stored), _mm512_extracti32x4_epi32(stored, 2));
    const __m128i tails = _mm_unpacklo_epi32(sums, of_exponents);  // sum 0, exponent 0, sum 1, exponent 1
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi64(bytes, tails));
    if (count == 2)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + kLeftBytes), _mm_unpackhi_epi64(bytes, tails));
}

template <bfp16::Rounding kRounding>
bool quantise_row(const float* x, size_t cols, uint8_t* to, ExponentRange& range) {
    RangeOfRow of_row{_mm512_set1_epi32(255 << 23), _mm512_setzero_si512(), _mm512_setzero_si512()};
    size_t col = 0;
    for (; col + kLanes <= cols; col += kLanes, to += 2 * kLeftBytes)
        put_blocks<kRounding>(_mm512_loadu_ps(x + col), 2, to, of_row);
    if (col < cols) put_blocks<kRounding>(_mm512_maskz_loadu_ps(0x00FF, x + col), 1, to, of_row);
    range.include({static_cast<uint32_t>(_mm512_reduce_min_epi32(of_row.lowest)) >> 23,
                   static_cast<uint32_t>(_mm512_reduce_max_epi32(of_row.highest)) >> 23});
    return !too_large(of_row.largest);
}

/// The sum times 2^(ea − 127) · 2^(eb − 127) · 2^−12, multiplied one after the other. 2^−12 is the rest of
/// both biases of 133.
inline __m512 scaled_apart(__m512 whole, __m512i left, __m512i right) {
    const __m512 left_scale = _mm512_castsi512_ps(_mm512_add_epi32(left, _mm512_set1_epi32(kScaleBias)));
    const __m512 product =
        _mm512_mul_ps(_mm512_mul_ps(whole, _mm512_set1_ps(0x1p-12F)), _mm512_castsi512_ps(right));
    return _mm512_mul_ps(product, left_scale);
}

/// 16 or more columns of a panel.
struct Right {
    const uint8_t* mantissas;  // of its first block along K; the next block is kRightBytes further
    const uint8_t* exponents;
    size_t blocks;

    Right(const uint8_t* weights, size_t k, size_t lane_block) : blocks(k / bfp16::kBlockSize) {
        const uint8_t* panel = weights + lane_block / kVectors * blocks * kRightBytes;
        mantissas = panel + lane_block % kVectors * kVectorBytes;
        exponents = panel + kMantissaBytes + lane_block % kVectors * kLanes;
    }
};

/// Multiplies the first kUsed rows of a group of 4 by kCount times 16 columns. `kFetch`: prefetch the next
/// panel meanwhile.
template <bool kScalesAdd, bool kFetch, size_t kUsed, size_t kCount>
inline void multiply_tile(const uint8_t* left, const Right& right, __m512 (&sum)[kUsed][kCount]) {
#pragma GCC unroll 4
    for (size_t r = 0; r < kUsed; ++r) {
#pragma GCC unroll 4
        for (size_t v = 0; v < kCount; ++v) sum[r][v] = _mm512_setzero_ps();
    }
    for (size_t block = 0; block < right.blocks; ++block, left += kLeftBytes) {
        const auto* rows = reinterpret_cast<const LeftRow*>(left);
        if constexpr (kFetch) {
            const uint8_t* ahead = right.mantissas + (right.blocks + block) * kRightBytes;
#pragma GCC unroll 9
            for (size_t line = 0; line < kRightBytes; line += kCacheLine)
                _mm_prefetch(reinterpret_cast<const char*>(ahead + line), _MM_HINT_T1);
        }
#pragma GCC unroll 4
        for (size_t v = 0; v < kCount; ++v) {
            const uint8_t* column = right.mantissas + block * kRightBytes + v * kVectorBytes;
            const __m512i low = _mm512_loadu_si512(column);
            const __m512i high = _mm512_loadu_si512(column + 64);
            const __m128i exponents = _mm_loadu_si128(
                reinterpret_cast<const __m128i*>(right.exponents + block * kRightBytes + v * kLanes));
            const __m512i scale = _mm512_slli_epi32(_mm512_cvtepu8_epi32(exponents), 23);
#pragma GCC unroll 4
            for (size_t r = 0; r < kUsed; ++r) {
                __m512i dot = _mm512_set1_epi32(rows[r].correction);
                dot = _mm512_dpbusd_epi32(dot, low, _mm512_set1_epi32(rows[r].low));
                dot = _mm512_dpbusd_epi32(dot, high, _mm512_set1_epi32(rows[r].high));
                const __m512i exponent = _mm512_set1_epi32(rows[r].exponent);
                const __m512 whole = _mm512_cvtepi32_ps(dot);
                if constexpr (kScalesAdd) {
                    const __m512 unit = _mm512_castsi512_ps(_mm512_add_epi32(scale, exponent));
                    sum[r][v] = _mm512_fmadd_ps(whole, unit, sum[r][v]);
                } else {
                    sum[r][v] = _mm512_add_ps(sum[r][v], scaled_apart(whole, exponent, scale));
                }
            }
        }
    }
}

/// Multiplies a group of kUsed rows, and writes them to `out` from row `row` on.
template <bool kScalesAdd, size_t kUsed, size_t kCount>
void multiply_group(const uint8_t* left, const Right& right, size_t row, const MatmulOutput& out) {
    __m512 sum[kUsed][kCount];
    // The first group waits for memory; the second reads from the cache and has time to prefetch.
    if (kCount == kVectors && row == kRows) {
        multiply_tile<kScalesAdd, true, kUsed, kCount>(left, right, sum);
    } else {
        multiply_tile<kScalesAdd, false, kUsed, kCount>(left, right, sum);
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < kUsed; ++r) {
        float* y = out.y.data + (row + r) * out.y.stride;
#pragma GCC unroll 4
        for (size_t v = 0; v < kCount; ++v) {
            const __mmask16 lanes = lanes_of(out.y.cols, v);
            __m512 value = sum[r][v];
            if (out.bias != nullptr)
                value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(lanes, out.bias + v * kLanes));
            if (out.accumulate) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(lanes, y + v * kLanes));
            _mm512_mask_storeu_ps(y + v * kLanes, lanes, value);
        }
    }
}

template <bool kScalesAdd, size_t kCount>
void multiply_rows(const uint8_t* left, const Right& right, const MatmulOutput& out) {
    const size_t left_bytes = right.blocks * kLeftBytes;
    size_t row = 0;
    for (; row + kRows <= out.y.rows; row += kRows, left += left_bytes)
        multiply_group<kScalesAdd, kRows, kCount>(left, right, row, out);
    switch (out.y.rows - row) {
        case 1:
            return multiply_group<kScalesAdd, 1, kCount>(left, right, row, out);
        case 2:
            return multiply_group<kScalesAdd, 2, kCount>(left, right, row, out);
        case 3:
            return multiply_group<kScalesAdd, 3, kCount>(left, right, row, out);
        default:
            return;
    }
}

template <bool kScalesAdd>
void multiply_all(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    const uint8_t* left = in.left + row * 2 * in.k;
    for (size_t col = 0, cols = 0; col < out.y.cols; col += cols) {
        const size_t lane_block = first + col / kLanes;
        const size_t rest = out.y.cols - col;
        const bool whole = lane_block % kVectors == 0 && rest > kBlockPanelCols - kLanes;
        cols = std::min(rest, whole ? kBlockPanelCols : kLanes);
        const MatmulOutput part{out.y.cols_from(col, cols), out.bias != nullptr ? out.bias + col : nullptr,
                                out.accumulate};
        const Right right(in.panels, in.k, lane_block);
        if (whole) {
            multiply_rows<kScalesAdd, kVectors>(left, right, part);
        } else {
            multiply_rows<kScalesAdd, 1>(left, right, part);
        }
    }
}

}  // namespace

std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding rounding,
                                             const OperandPlace& to, ExponentRange& range) {
    using bfp16::Rounding;
    return quantise_rows(
        rounding == Rounding::floor ? quantise_row<Rounding::floor> : quantise_row<Rounding::nearest_even>, x,
        [&](size_t r) { return to.at(r); }, range);
}

void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out) {
    if (in.scales_add) return multiply_all<true>(in, row, first, out);
    multiply_all<false>(in, row, first, out);
}

}  // namespace npuscribe::simd::avx512_vnni

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

namespace npuscribe::simd::avx512_vnni {
namespace {

[[noreturn]] void refuse() {
    refuse_kernel("a product of BFP16 blocks in integers", "AVX-512 VNNI");
}

}  // namespace

std::optional<size_t> quantise_block_operand(MatrixView<const float>, bfp16::Rounding, const OperandPlace&,
                                             ExponentRange&) {
    refuse();
}
void multiply_blocks(const BlockOperands&, size_t, size_t, const MatmulOutput&) {
    refuse();
}

}  // namespace npuscribe::simd::avx512_vnni

#endif
