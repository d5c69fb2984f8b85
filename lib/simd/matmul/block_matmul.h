#pragma once
// x·Wᵀ on BFP16 blocks as they are, in integers: a block's eight products are summed by AVX-512 VNNI's dot
// product, exactly, and the sum is scaled by both blocks' exponents into an fp32 accumulator. For CPUs with
// VNNI (has_vnni()), on which it takes 2 + 1 multiply slots where products of bfloat16 pairs take 4.
//
//   left operand   groups of 4 rows; a group is its blocks along K; a block is 4 rows of 16 bytes:
//                  8 mantissas, −128 × their sum (int32), (exponent − 139) << 23 (int32)
//   right operand  panels (bfp16/panels.h), as a converted model has them
//
// VNNI multiplies unsigned by signed bytes: the panels' mantissas are + 128, and the left operand brings
// along what that adds to a sum.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/matrix_view.h"
#include "bfp16/block.h"
#include "bfp16/panels.h"
#include "simd/packing.h"

namespace npuscribe::simd {

inline constexpr size_t kBlockGroupRows = 4;
inline constexpr size_t kBlockPanelCols = bfp16::kPanelRows;

/// Of a left operand: the exponents of its blocks that are not all zero.
using bfp16::ExponentRange;

/// Bytes of a left operand of m rows. k is a multiple of 8.
constexpr size_t block_operand_bytes(size_t m, size_t k) {
    return (m + kBlockGroupRows - 1) / kBlockGroupRows * kBlockGroupRows * 2 * k;
}

/// Rounds `x` [m × c] to blocks and puts them into rows [row, row + m) and columns [col, col + c) of a left
/// operand of k columns; c, k and col are multiples of 8. Widens `range`. Returns the first row, counted in
/// `x`, with Inf, NaN or a magnitude of 2^111 or more (its blocks are not meaningful), or nothing.
std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding, uint8_t* operand,
                                             size_t k, size_t row, size_t col, ExponentRange& range);

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
    for (ExponentRange* range : {&x, &w}) range->include({bfp16::kExponentOfZeros, bfp16::kExponentOfZeros});
    return x.lowest + w.lowest >= 140 && x.highest + w.highest <= 393;
}

}  // namespace npuscribe::simd
