#pragma once
// x·Wᵀ on BFP16 blocks as they are, in integers: a block's eight products are summed by AVX-512 VNNI's dot
// product, exactly, and the sum is scaled by both blocks' exponents into an fp32 accumulator. For CPUs with
// VNNI (has_vnni()), on which it takes 2 + 1 multiply slots where products of bfloat16 pairs take 4.
//
//   left operand   groups of 4 rows; a group is its blocks along K; a block is 4 rows of 16 bytes:
//                  8 mantissas, −128 × their sum (int32), (exponent − 139) << 23 (int32)
//   right operand  panels of 64 columns (rows of W); a panel is its blocks along K, one stream of memory; a
//                  block is 4 times 16 columns: mantissas 0…3 + 128 of each, then mantissas 4…7 + 128; then
//                  the exponents of all 64: 9 bytes for 8 values
//
// VNNI multiplies unsigned by signed bytes: W's mantissas are made positive by 128, and the left operand
// brings along what that adds to a sum.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/matrix_view.h"
#include "bfp16/block.h"
#include "simd/packing.h"

namespace npuscribe::simd {

inline constexpr size_t kBlockGroupRows = 4;
inline constexpr size_t kBlockPanelCols = 4 * kLaneBlock;

/// The exponents of the blocks of an operand that are not all zero; empty: lowest > highest.
struct ExponentRange {
    uint32_t lowest = 255;
    uint32_t highest = 0;

    void include(const ExponentRange& other) {
        lowest = lowest < other.lowest ? lowest : other.lowest;
        highest = highest > other.highest ? highest : other.highest;
    }
};

/// Bytes of a left operand of m rows, and of a right one of n columns. k is a multiple of 8.
constexpr size_t block_operand_bytes(size_t m, size_t k) {
    return (m + kBlockGroupRows - 1) / kBlockGroupRows * kBlockGroupRows * 2 * k;
}
constexpr size_t block_weight_bytes(size_t n, size_t k) {
    return (n + kBlockPanelCols - 1) / kBlockPanelCols * kBlockPanelCols * k / bfp16::kBlockSize *
           bfp16::kBlockBytes;
}

/// Rounds `x` [m × c] to blocks and puts them into rows [row, row + m) and columns [col, col + c) of a left
/// operand of k columns; c, k and col are multiples of 8. Widens `range`. Returns the first row, counted in
/// `x`, with Inf, NaN or a magnitude of 2^111 or more (its blocks are not meaningful), or nothing.
std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding, uint8_t* operand,
                                             size_t k, size_t row, size_t col, ExponentRange& range);

/// What stands for the exponent of a block of zeros, whose scale does not matter.
inline constexpr uint32_t kExponentOfZeros = 127;

struct PackedExponents {
    ExponentRange range;         // kExponentOfZeros for zeros
    uint8_t highest_stored = 0;  // of all blocks as they came
};

/// Puts rows [first, first + count) of W, as bfp16::quantise has them, into a right operand of k. Workers
/// call it at once for ranges that begin at multiples of 16.
PackedExponents pack_block_weights(const uint8_t* blocks, size_t k, size_t first, size_t count,
                                   uint8_t* weights);

/// Zeroes the panel that n columns do not fill; before it is packed.
void zero_last_panel(uint8_t* weights, size_t n, size_t k);

/// One column's values back as f32, k of them.
void unpack_block_weights(const uint8_t* weights, size_t k, size_t column, float* out);

/// What becomes of a sum: y = (accumulate ? y : 0) + sum + bias.
struct BlockOutput {
    MatrixView<float> y;
    const float* bias = nullptr;  // of the first column of y
    bool accumulate = false;
};

/// The rows of y, from `row` of the left operand on, by its columns, from lane block `first` of the right
/// operand on; row is a multiple of 4. `scales_add`, where block_scales_add of both operands' ranges: scales
/// are then put together by adding bits, else by multiplying, which takes longer.
void multiply_blocks(const uint8_t* operand, const uint8_t* weights, size_t k, size_t row, size_t first,
                     bool scales_add, const BlockOutput& out);

/// True where the sum of any two exponents makes a normal float's.
constexpr bool block_scales_add(ExponentRange x, ExponentRange w) {
    for (ExponentRange* range : {&x, &w}) range->include({kExponentOfZeros, kExponentOfZeros});
    return x.lowest + w.lowest >= 140 && x.highest + w.highest <= 393;
}

}  // namespace npuscribe::simd
