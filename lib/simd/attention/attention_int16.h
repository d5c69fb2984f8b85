#pragma once
// `attend` for many query rows and bfloat16 keys on CPUs with AVX2 (attention_int16.cpp). Call it only if
// isa() >= Isa::avx2; on other architectures than x86-64 it throws DeviceError. Private to lib/simd.

#include <span>

#include "base/matrix_view.h"
#include "simd/attention/attention.h"

namespace npuscribe::simd::avx2 {

/// As `attend` of attention.h. Queries and keys are rounded to 13 bits, a scale for each row.
void attend_int16(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
                  std::span<float> scratch);

}  // namespace npuscribe::simd::avx2
