#pragma once
// `attend` on AVX-512 BF16 (attention_bf16.cpp). Call it only if isa() >= Isa::bf16, and with keys in 8 bits
// only if has_vnni(), too; on other architectures than x86-64 it throws DeviceError. Private to lib/simd.

#include <span>

#include "base/matrix_view.h"
#include "simd/attention/attention.h"

namespace npuscribe::simd::avx512_bf16 {

/// `attend` for any number of rows, kQueryRows at a time. Values are bfloat16; so are keys, or in 8 bits.
void attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
            std::span<float> scratch);

}  // namespace npuscribe::simd::avx512_bf16
