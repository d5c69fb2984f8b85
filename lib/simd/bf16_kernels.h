#pragma once
// Kernels for AVX-512 BF16 alone, in intrinsics: attention_bf16.cpp and project_bf16.cpp. Call them only
// where isa() >= Isa::bf16. Private to lib/simd.

#include <cstddef>
#include <cstdint>

namespace npuscribe::simd::avx512_bf16 {

/// `attend` for up to kQueryRows rows. Strides in floats.
void attend(const float* q, size_t q_stride, size_t rows, const uint16_t* keys, const uint16_t* values,
            size_t n, float* out, size_t out_stride, float* scratch);

/// The same with keys as pack_int8_keys packs them. Wants VNNI as well.
void attend(const float* q, size_t q_stride, size_t rows, const uint8_t* keys, const uint16_t* values,
            size_t n, float* out, size_t out_stride, float* scratch);

/// `project` for bf16 weights: lane blocks [first, first + blocks). `x` [m × k] bfloat16.
void project(const uint16_t* weights, size_t k, size_t first, size_t blocks, const uint16_t* x, size_t m,
             const float* bias, bool accumulate, float* y, size_t y_stride, size_t n);

}  // namespace npuscribe::simd::avx512_bf16
