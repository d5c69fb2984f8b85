#pragma once
// x·Wᵀ for hundreds of rows in f32, in which BFP16 values are exact, for CPUs with AVX-512 but without VNNI.
// W stays in panels (bfp16/panels.h); a part of a panel at a time is expanded to floats, which pays if many
// rows are multiplied by it.
//
// Such a CPU has two units for all work on 512 bits, so that 8 FMAs take less than the 10 instructions that
// 64 products take as integers there (block_matmul_avx2.cpp). What is expanded costs 5 instructions for 8
// values once in kFloatChunkRows rows, each of which takes an FMA.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix_view.h"
#include "bfp16/panels.h"
#include "simd/matmul/matmul_output.h"

namespace npuscribe::simd {

/// Rows that are worth expanding a panel for, and that leave its part and theirs in a core's L2 cache.
inline constexpr size_t kFloatChunkRows = 252;

/// Floats from a row of a left operand of k columns to the next. Not a multiple of a large power of two, so
/// that the rows which are read together do not share a set of the L1 cache.
constexpr size_t float_row_stride(size_t k) {
    return k + 16;
}

/// Floats of scratch that multiply_floats needs.
inline constexpr size_t kFloatScratch = size_t{512} * bfp16::kPanelRows;

/// Multiplies the rows of `x` [m × k], k a multiple of 8, by columns from lane block `first` of `panels` on:
/// as many as out.y has. Exact but for the sums' rounding, and for blocks of exponent 0, which count as zero.
void multiply_floats(MatrixView<const float> x, const uint8_t* panels, size_t first, const MatmulOutput& out,
                     std::span<float> scratch);

}  // namespace npuscribe::simd
