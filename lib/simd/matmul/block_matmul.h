#pragma once
// x·Wᵀ on BFP16 blocks as they are, in integers: a block's eight products are summed exactly, and the sum is
// scaled by both blocks' exponents into an fp32 accumulator. With VNNI's dot product, on 512 bits (AVX-512
// VNNI) or on 256 (AVX-VNNI), this takes 2 + 1 multiply slots; as pairs of 16-bit integers (AVX2) 4 + 1;
// products of bfloat16 pairs take 4, of floats 8. All three kernels have the same results to the bit. Call
// these only if can_multiply_blocks(); on other architectures than x86-64 they throw DeviceError.
//
//   left operand   with VNNI: groups of 4 rows; a group is its blocks along K; a block is 4 LeftRows.
//                  As 16-bit integers: rows; a row is its blocks along K, LeftWords.
//   right operand  panels (bfp16/panels.h), as a converted model has them
//
// VNNI multiplies unsigned by signed bytes: the panels store mantissas + 128, and the left operand stores
// what has to be subtracted from each sum for it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/matrix_view.h"
#include "bfp16/block.h"
#include "bfp16/panels.h"
#include "simd/matmul/matmul_output.h"
#include "simd/packing.h"

namespace npuscribe::simd {

inline constexpr size_t kBlockGroupRows = 4;
inline constexpr size_t kBlockPanelCols = bfp16::kPanelRows;

/// The exponents of an operand's blocks that are not all zero.
using bfp16::ExponentRange;

/// One row of a left block in memory, for VNNI.
struct LeftRow {
    int32_t low, high;   // mantissas 0…3 and 4…7
    int32_t correction;  // −128 × their sum
    int32_t exponent;    // (exponent − 139) << 23
};
/// For AVX2. An int32 is a pair of mantissas, int16: 0 and 2, 1 and 3, 4 and 6, 5 and 7.
struct LeftWords {
    int32_t pairs[4];
    int32_t exponent;
};

/// Bytes of a left operand of m rows in LeftRows, and in LeftWords. k is a multiple of 8.
constexpr size_t left_rows_bytes(size_t m, size_t k) {
    return (m + kBlockGroupRows - 1) / kBlockGroupRows * kBlockGroupRows * 2 * k;
}
constexpr size_t left_words_bytes(size_t m, size_t k) {
    return m * (k / bfp16::kBlockSize) * sizeof(LeftWords);
}
/// In what this process uses.
size_t block_operand_bytes(size_t m, size_t k);

/// A product of mantissas is worth 2^(ea − 133) · 2^(eb − 133): as a float's bits, (ea + eb − 139) << 23.
inline constexpr int kScaleBias = 139 << 23;

/// A place in a left operand of k columns: (row, col).
struct OperandPlace {
    uint8_t* operand = nullptr;
    size_t k = 0;
    size_t row = 0;
    size_t col = 0;

    /// Where the row `r` rows further has its block, a LeftRow.
    uint8_t* at(size_t r) const {
        const size_t group = (row + r) / kBlockGroupRows * kBlockGroupRows;
        return operand + group * 2 * k + col / bfp16::kBlockSize * kBlockGroupRows * sizeof(LeftRow) +
               (row + r - group) * sizeof(LeftRow);
    }
    /// The same of LeftWords.
    uint8_t* words_at(size_t r) const {
        return operand + ((row + r) * k + col) / bfp16::kBlockSize * sizeof(LeftWords);
    }
};

/// True if this process may call the functions below.
bool can_multiply_blocks();

/// Rounds `x` [m × c] to blocks and puts them at `to`; c, k and col are multiples of 8. Widens `range`.
/// Returns the first row, counted in `x`, with Inf, NaN or a magnitude of bfp16::kMagnitudeLimit or more (its
/// blocks are not meaningful), or nothing.
std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding,
                                             const OperandPlace& to, ExponentRange& range);

struct BlockOperands {
    const uint8_t* left = nullptr;
    const uint8_t* panels = nullptr;  // the right operand
    size_t k = 0;
    /// block_scales_add of both operands' ranges: scales are then combined by adding bits; else by
    /// multiplying, which takes longer.
    bool scales_add = false;
};

/// Multiplies rows from `row` of the left operand on, a multiple of 4, by columns from lane block `first` of
/// the right operand on: as many as out.y has.
void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out);

/// True if the sum of any two exponents is that of a normal float.
constexpr bool block_scales_add(ExponentRange x, ExponentRange w) {
    for (ExponentRange* range : {&x, &w}) range->include({bfp16::kExponentOfZeros, bfp16::kExponentOfZeros});
    return x.lowest + w.lowest >= 140 && x.highest + w.highest <= 393;
}

}  // namespace npuscribe::simd
