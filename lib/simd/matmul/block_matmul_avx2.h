#pragma once
// block_matmul.h for CPUs without VNNI: mantissas are multiplied as 16-bit integers (block_matmul_avx2.cpp).
// Call these only if isa() >= Isa::avx2; on other architectures than x86-64 they throw DeviceError. Private
// to lib/simd.

#include "simd/matmul/block_matmul.h"

namespace npuscribe::simd::avx2 {

std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding,
                                             const OperandPlace& to, ExponentRange& range);
void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out);

}  // namespace npuscribe::simd::avx2
