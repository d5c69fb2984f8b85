#pragma once
// block_matmul.h on 256 bits (block_matmul_avx_vnni.cpp). Call these only if has_vnni_256(); on other
// architectures than x86-64 they throw DeviceError. Private to lib/simd.

#include "simd/matmul/block_matmul.h"

namespace npuscribe::simd::avx_vnni {

/// How vpdpbusd on 256 bits is encoded, which is all that the two kernels differ in. vex: AVX-VNNI, of CPUs
/// without AVX-512 too. evex: AVX-512 VNNI and VL, on whose CPUs the kernel can be measured as well.
enum class Encoding { vex, evex };
/// The encoding that this CPU has.
Encoding encoding();

std::optional<size_t> quantise_block_operand(MatrixView<const float> x, bfp16::Rounding,
                                             const OperandPlace& to, ExponentRange& range);
void multiply_blocks(const BlockOperands& in, size_t row, size_t first, const MatmulOutput& out, Encoding);

}  // namespace npuscribe::simd::avx_vnni
