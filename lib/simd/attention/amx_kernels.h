#pragma once
// Kernels for AMX, in intrinsics: attention_amx.cpp. Call them only where isa() == Isa::amx. Private to
// lib/simd.

#include <cstddef>
#include <cstdint>

namespace npuscribe::simd::amx {

/// `attend` for any number of rows, kTileQueryRows at once. Strides in floats.
void attend(const float* q, size_t q_stride, size_t rows, const uint16_t* keys, const uint16_t* values,
            size_t n, float* out, size_t out_stride, float* scratch);

}  // namespace npuscribe::simd::amx
