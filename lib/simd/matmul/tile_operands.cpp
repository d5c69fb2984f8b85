// The operands of tile_matmul.h.

#include <algorithm>
#include <cassert>

#include "simd/matmul/tile_matmul.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "simd/matmul/avx512_blocks.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512)

namespace npuscribe::simd {
namespace {

constexpr size_t kLanes = kLaneBlock;
constexpr size_t kRowBytes = kTileDepth * sizeof(uint16_t);  // of a block

/// Rounds 8 or 16 values to blocks in bfloat16. Returns the largest magnitudes of their blocks.
template <bfp16::Rounding kRounding>
inline __m512i put_narrow(__m512 values, size_t count, uint8_t* to) {
    const __m512i largest = largest_of_blocks(magnitudes_of(values));
    const __m256i bits = _mm512_cvtepi32_epi16(bf16_of_blocks<kRounding>(values, largest));
    _mm256_mask_storeu_epi16(to, static_cast<__mmask16>((1U << count) - 1), bits);
    return largest;
}

/// Rounds a row's values into columns from `col` on; the row's first 32 columns are at `first`. Returns false
/// if a value is too large.
template <bfp16::Rounding kRounding>
bool quantise_row(const float* x, size_t cols, uint8_t* first, size_t col) {
    const auto place = [&](size_t c) {
        return first + c / kTileDepth * kTileBlockBytes + c % kTileDepth * sizeof(uint16_t);
    };
    __m512i largest = _mm512_setzero_si512();
    const size_t end = col + cols;
    while (col < end) {
        const size_t whole = kTileDepth - col % kTileDepth;
        size_t count = std::min(whole, end - col);
        __m512i of_these;
        if (count == kTileDepth) {
            of_these =
                put_bf16_blocks<kRounding>(_mm512_loadu_ps(x), _mm512_loadu_ps(x + kLanes), place(col));
        } else {
            count = std::min(count, kLanes);
            of_these = put_narrow<kRounding>(_mm512_maskz_loadu_ps(lanes_of(count, 0), x), count, place(col));
        }
        largest = _mm512_max_epi32(largest, of_these);
        x += count;
        col += count;
    }
    return !too_large(largest);
}

/// Expands 16 columns by 8 values along K of a right operand into 4 rows of a tile.
[[gnu::always_inline]] inline void expand_block(const uint8_t* mantissas, const uint8_t* exponents,
                                                uint8_t* to) {
    // OR a mantissa's byte below an exponent with which a unit of it is worth 1/64. Multiply by the block's
    // power of two and subtract what the exponent and the bias of 128 add: this is the value, exactly.
    const __m512i first_byte = _mm512_set1_epi32(0xFF), second_byte = _mm512_set1_epi32(0xFF00);
    const __m512i first_base = _mm512_set1_epi32((127 + 17) << 23);
    const __m512i second_base = _mm512_set1_epi32((127 + 9) << 23);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(exponents));
    const __m512 unit = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu8_epi32(bytes), 23));
    const __m512 first_bias = _mm512_mul_ps(unit, _mm512_set1_ps(0x1p17F + 2));
    const __m512 second_bias = _mm512_mul_ps(unit, _mm512_set1_ps(0x1p9F + 2));
    const __m512i upper_to_lower =
        _mm512_broadcast_i32x4(_mm_set_epi8(15, 14, 15, 14, 11, 10, 11, 10, 7, 6, 7, 6, 3, 2, 3, 2));
    constexpr __mmask64 kLower = 0x3333333333333333;  // half of each lane
    constexpr int kAndOr = 0xEA;                      // (a & b) | c
    const auto put_pair = [&](__m512i pair, uint8_t* row) {
        const __m512i first = _mm512_ternarylogic_epi32(pair, first_byte, first_base, kAndOr);
        const __m512i second = _mm512_ternarylogic_epi32(pair, second_byte, second_base, kAndOr);
        const __m512 low = _mm512_fmsub_ps(_mm512_castsi512_ps(first), unit, first_bias);
        const __m512 high = _mm512_fmsub_ps(_mm512_castsi512_ps(second), unit, second_bias);
        _mm512_store_si512(row, _mm512_mask_shuffle_epi8(_mm512_castps_si512(high), kLower,
                                                         _mm512_castps_si512(low), upper_to_lower));
    };
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
        const __m512i quads = _mm512_loadu_si512(mantissas + half * 64);
        put_pair(quads, to + half * 2 * kRowBytes);
        put_pair(_mm512_srli_epi32(quads, 16), to + (half * 2 + 1) * kRowBytes);
    }
}

}  // namespace

std::optional<size_t> quantise_tile_operand(MatrixView<const float> x, bfp16::Rounding rounding,
                                            const OperandPlace& to) {
    using bfp16::kBlockSize, bfp16::Rounding;
    assert(x.cols % kBlockSize == 0 && to.k % kBlockSize == 0 && to.col % kBlockSize == 0);
    const auto quantise =
        rounding == Rounding::floor ? quantise_row<Rounding::floor> : quantise_row<Rounding::nearest_even>;
    const size_t group_bytes = tile_depth_blocks(to.k) * kTileBlockBytes;
    std::optional<size_t> bad;
    for (size_t r = 0; r < x.rows; ++r) {
        const size_t row = to.row + r;
        uint8_t* first = to.operand + row / kTileGroupRows * group_bytes + row % kTileGroupRows * kRowBytes;
        if (!quantise(x.row(r), x.cols, first, to.col) && !bad) bad = r;
    }
    return bad;
}

void expand_panel(const uint8_t* weights, size_t k, size_t panel, uint8_t* out) {
    constexpr size_t kMantissaBytes = kBlockPanelCols * bfp16::kBlockSize;
    constexpr size_t kBlockBytes = kMantissaBytes + kBlockPanelCols;
    constexpr size_t kVectorBytes = kLanes * bfp16::kBlockSize;
    constexpr size_t kRows = bfp16::kBlockSize / 2;  // of a tile that a block fills
    const size_t blocks = k / bfp16::kBlockSize;
    const size_t half_bytes = tile_depth_blocks(k) * kTileBlockBytes;
    const uint8_t* from = weights + panel * blocks * kBlockBytes;
    const auto place = [&](size_t block, size_t vector) {
        return out + vector / 2 * half_bytes + block / kRows * kTileBlockBytes +
               vector % 2 * kTileBlockBytes / 2 + block % kRows * kRows * kRowBytes;
    };
    for (size_t block = 0; block < blocks; ++block, from += kBlockBytes) {
        for (size_t v = 0; v < kBlockPanelCols / kLanes; ++v)
            expand_block(from + v * kVectorBytes, from + kMantissaBytes + v * kLanes, place(block, v));
    }
    for (size_t block = blocks; block % kRows != 0; ++block) {
        for (size_t v = 0; v < kBlockPanelCols / kLanes; ++v)
            __builtin_memset(place(block, v), 0, kRows * kRowBytes);
    }
}

}  // namespace npuscribe::simd

NPUSCRIBE_TARGET_END

#else

#include "simd/kernels.h"

// Stubs for all of tile_matmul.h.
namespace npuscribe::simd {
namespace {

[[noreturn]] void refuse() {
    refuse_kernel("a product of bfloat16 tiles", "AMX");
}

}  // namespace

std::optional<size_t> quantise_tile_operand(MatrixView<const float>, bfp16::Rounding, const OperandPlace&) {
    refuse();
}
void expand_panel(const uint8_t*, size_t, size_t, uint8_t*) {
    refuse();
}
void multiply_tiles(const TileOperands&, size_t, const MatmulOutput&, bool) {
    refuse();
}
std::optional<size_t> multiply_tiles(const TileOperands&, size_t, const TileOperandOutput&) {
    refuse();
}

}  // namespace npuscribe::simd

#endif
