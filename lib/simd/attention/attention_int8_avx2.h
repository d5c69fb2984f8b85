#pragma once
// attention_int8.h for CPUs without AVX-512 VNNI (attention_int8_avx2.cpp). Call these only if isa() >=
// Isa::avx2; on other architectures than x86-64 they throw DeviceError. Private to lib/simd.

#include "simd/attention/attention_int8.h"

namespace npuscribe::simd::avx2 {

void pack_int8_head(MatrixView<const float> keys, MatrixView<const float> values, uint8_t* head);
/// attend_int8 and int8_attention_weights for at most kPassRows rows (int8_head.h).
void attend_rows_together(MatrixView<const float> q, const Int8Head& head, MatrixView<float> out,
                          float* scratch);
void weights_together(MatrixView<const float> q, const Int8Head& head, size_t first, MatrixView<float> out);

}  // namespace npuscribe::simd::avx2
