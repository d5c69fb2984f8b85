#pragma once
// `attend` on AMX's tiles (attention_amx.cpp). Call it only if isa() == Isa::amx; on other architectures than
// x86-64 it throws DeviceError. Private to lib/simd.

#include <span>

#include "base/matrix_view.h"
#include "simd/attention/attention.h"

namespace npuscribe::simd::amx {

/// `attend` for any number of rows, kTileQueryRows at a time. Keys and values are bfloat16.
void attend(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
            std::span<float> scratch);

}  // namespace npuscribe::simd::amx
