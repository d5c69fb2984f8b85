#pragma once
// `project` on AVX-512 BF16 (project_bf16.cpp). Call it only if isa() >= Isa::bf16; on other architectures
// than x86-64 it throws DeviceError. Private to lib/simd.

#include <cstdint>

#include "base/matrix_view.h"
#include "simd/matmul/matmul_output.h"
#include "simd/matmul/project.h"
#include "simd/packing.h"

namespace npuscribe::simd::avx512_bf16 {

/// `project` for bfloat16 weights and rows `x` [m × k] of bfloat16, one right after the other.
void project(const PackedMatrix& w, const MatrixView<const uint16_t>& x, LaneBlocks blocks,
             const MatmulOutput& out);

}  // namespace npuscribe::simd::avx512_bf16
