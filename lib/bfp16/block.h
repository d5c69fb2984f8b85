#pragma once
// AMD's bfp16ebs8: eight consecutive values along K share one exponent. A block is 9 bytes: the exponent,
// then eight two's-complement mantissas; value = mantissa / 64 × 2^(exponent − 127). A block's exponent is
// that of its largest magnitude; tests/unit/bfp16/block_test.cpp states the rules, and golden.h has vectors.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix_view.h"

namespace npuscribe::bfp16 {

inline constexpr size_t kBlockSize = 8;   // values a block
inline constexpr size_t kBlockBytes = 9;  // bytes a block
/// Weights and operands must be smaller than this in magnitude: the kernels take no block whose exponent is
/// above 237 (simd::kLargestBlockExponent), the exponent of the largest value below 2^111.
inline constexpr float kMagnitudeLimit = 0x1p111F;
/// Its bits, with which those of other magnitudes compare: positive floats order like their bits, and Inf and
/// NaN are above all others.
inline constexpr uint32_t kMagnitudeLimitBits = std::bit_cast<uint32_t>(kMagnitudeLimit);

enum class Rounding {
    nearest_even,  // default; saturates at −128 and 127
    floor,         // the hardware's own default; biased
};

/// 2^(exponent − 133): what one unit of a block's mantissas is worth.
constexpr float mantissa_unit(uint8_t exponent) {
    const uint32_t wide = exponent;  // below 7 the unit is subnormal
    return std::bit_cast<float>(wide >= 7 ? (wide - 6) << 23 : 1U << (wide + 16));
}

/// K rounded up to whole blocks.
constexpr size_t padded(size_t k) {
    return (k + kBlockSize - 1) / kBlockSize * kBlockSize;
}
/// Bytes of one row of K values.
constexpr size_t row_bytes(size_t k) {
    return padded(k) / kBlockSize * kBlockBytes;
}

/// Rounds 8 finite values to a block of 9 bytes. This is the reference for the format, without vector code.
void quantise_block(const float* values, uint8_t* block, Rounding);
/// Restores 8 values from a block of 9 bytes.
void dequantise_block(const uint8_t* block, float* values);

/// Rounds [rows × cols] f32 to rows of blocks, `row_bytes(cols)` bytes each, in row-major order (no tile
/// layout). The last block of a row is padded with zeros. Throws InputError for Inf, NaN or a magnitude whose
/// exponent would be 255; the message names row and column.
std::vector<uint8_t> quantise(MatrixView<const float> values, Rounding);
/// The inverse; `out` is [rows × cols].
void dequantise(std::span<const uint8_t> blocks, MatrixView<float> out);

}  // namespace npuscribe::bfp16
