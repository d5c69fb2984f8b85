#pragma once
// What the kernels of BFP16 blocks on 256 bits have in common: rounding left operands, scaling sums and
// writing them. Private to lib/simd.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bfp16/block.h"
#include "bfp16/panels.h"
#include "simd/avx2_vectors.h"
#include "simd/matmul/block_matmul.h"
#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN("avx2,fma")
namespace npuscribe::simd::avx2 {

inline constexpr size_t kHalfBytes = kLaneBlock * 4;  // of 16 columns' mantissas 0…3 in a right block
inline constexpr size_t kMantissaBytes = kBlockPanelCols * bfp16::kBlockSize;  // of a right block
inline constexpr size_t kRightBytes = bfp16::kPanelBlockBytes;

/// Mantissas 0…3 of 8 columns of a right block; 4…7 follow after kHalfBytes. `vector`: counted in the panel.
inline const uint8_t* mantissas_of(const uint8_t* block, size_t vector) {
    return block + vector / 2 * 2 * kHalfBytes + vector % 2 * sizeof(__m256i);
}

/// The exponents of 8 columns of a right block, as bits of floats.
inline __m256i load_scales(const uint8_t* block, size_t vector) {
    const __m128i exponents =
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(block + kMantissaBytes + vector * kLanes));
    return _mm256_slli_epi32(_mm256_cvtepu8_epi32(exponents), 23);
}

/// `sum` plus a block's whole sum of products, scaled.
template <bool kScalesAdd>
inline __m256 add_scaled(__m256 sum, __m256i products, __m256i exponent, __m256i scale) {
    const __m256 whole = _mm256_cvtepi32_ps(products);
    if constexpr (kScalesAdd)
        return _mm256_fmadd_ps(whole, _mm256_castsi256_ps(_mm256_add_epi32(scale, exponent)), sum);
    // One scale after the other: see scaled_apart of block_matmul_avx512.cpp.
    const __m256i left = _mm256_add_epi32(exponent, _mm256_set1_epi32(kScaleBias));
    const __m256 product =
        _mm256_mul_ps(_mm256_mul_ps(whole, _mm256_set1_ps(0x1p-12F)), _mm256_castsi256_ps(scale));
    return _mm256_add_ps(sum, _mm256_mul_ps(product, _mm256_castsi256_ps(left)));
}

/// Writes the sums of 8 columns to y.
inline void write_all(__m256 sum, float* y, const float* bias, bool accumulate) {
    if (bias != nullptr) sum = _mm256_add_ps(sum, _mm256_loadu_ps(bias));
    if (accumulate) sum = _mm256_add_ps(sum, _mm256_loadu_ps(y));
    _mm256_storeu_ps(y, sum);
}

/// The same of columns of which only `cols` exist. Not inlined, because it is seldom needed.
[[gnu::noinline]] inline void write_some(__m256 sum, float* y, const float* bias, bool accumulate,
                                         size_t cols) {
    if (cols >= kLanes) return write_all(sum, y, bias, accumulate);
    float values[kLanes];
    _mm256_storeu_ps(values, sum);
    for (size_t c = 0; c < cols; ++c) {
        if (bias != nullptr) values[c] += bias[c];
        y[c] = accumulate ? values[c] + y[c] : values[c];
    }
}

/// The largest of 8 magnitudes, in every lane.
inline __m256i largest_of_block(__m256i magnitudes) {
    __m256i largest = _mm256_max_epi32(magnitudes, _mm256_shuffle_epi32(magnitudes, 0xB1));
    largest = _mm256_max_epi32(largest, _mm256_shuffle_epi32(largest, 0x4E));
    return _mm256_max_epi32(largest, _mm256_permute2x128_si256(largest, largest, 1));
}

/// Stores a row of a left block. `words`: its mantissas, which may be 128 in place of 127.
inline void store_left(__m128i words, int32_t exponent, LeftRow* to) {
    const __m128i bytes = _mm_packs_epi16(words, words);  // saturates at 127
    // The sum of the mantissas, each + 128.
    const __m128i sums =
        _mm_sad_epu8(_mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(128))), _mm_setzero_si128());
    const LeftRow row{
        static_cast<int32_t>(_mm_cvtsi128_si32(bytes)), static_cast<int32_t>(_mm_extract_epi32(bytes, 1)),
        -128 * (_mm_cvtsi128_si32(sums) - 128 * static_cast<int32_t>(bfp16::kBlockSize)), exponent};
    std::memcpy(to, &row, sizeof row);
}
inline void store_left(__m128i words, int32_t exponent, LeftWords* to) {
    const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
    const __m128i saturated = _mm_min_epi16(words, _mm_set1_epi16(127));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to->pairs), _mm_shuffle_epi8(saturated, order));
    to->exponent = exponent;
}

/// Rounds a block, and stores it at `to`. Widens `range` and returns its largest magnitude, as bits. As
/// round_blocks of avx512_blocks.h does.
template <bfp16::Rounding kRounding, class Left>
inline __m256i put_block(__m256 values, Left* to, ExponentRange& range) {
    const __m256i magnitudes = _mm256_and_si256(_mm256_castps_si256(values), _mm256_set1_epi32(0x7FFFFFFF));
    const __m256i largest = largest_of_block(magnitudes);
    const __m256i exponents = _mm256_and_si256(largest, _mm256_set1_epi32(0x7F800000));
    const __m256i base = _mm256_add_epi32(exponents, _mm256_set1_epi32((17 << 23) + 0x400000));
    const __m256 sum = _mm256_add_ps(values, _mm256_castsi256_ps(base));
    __m256i mantissas = _mm256_sub_epi32(_mm256_castps_si256(sum), base);
    if constexpr (kRounding == bfp16::Rounding::floor) {
        const __m256 above = _mm256_cmp_ps(_mm256_sub_ps(sum, _mm256_castsi256_ps(base)), values, _CMP_GT_OQ);
        mantissas = _mm256_add_epi32(mantissas, _mm256_castps_si256(above));
    }
    const auto bits = static_cast<uint32_t>(_mm_cvtsi128_si32(_mm256_castsi256_si128(largest)));
    const uint32_t exponent = bits != 0 ? bits >> 23 : bfp16::kExponentOfZeros;
    if (bits != 0) range.include({exponent, exponent});
    store_left(_mm_packs_epi32(_mm256_castsi256_si128(mantissas), _mm256_extracti128_si256(mantissas, 1)),
               static_cast<int32_t>(exponent << 23) - kScaleBias, to);
    return largest;
}

/// A QuantiseRow (quantise_rows.h). Left: LeftRow or LeftWords; kStep: from a row's block to its next.
template <bfp16::Rounding kRounding, class Left, size_t kStep>
bool quantise_row(const float* x, size_t cols, uint8_t* to, ExponentRange& range) {
    __m256i largest = _mm256_setzero_si256();
    for (size_t col = 0; col < cols; col += bfp16::kBlockSize, to += kStep) {
        auto* left = reinterpret_cast<Left*>(to);
        largest = _mm256_max_epi32(largest, put_block<kRounding>(_mm256_loadu_ps(x + col), left, range));
    }
    const __m256i of_all = largest_of_block(largest);
    return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm256_castsi256_si128(of_all))) <
           bfp16::kMagnitudeLimitBits;
}

}  // namespace npuscribe::simd::avx2
NPUSCRIBE_TARGET_END
