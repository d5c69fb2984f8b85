#pragma once
// `attend` for many query rows on CPUs that multiply floats best. Private to lib/simd.

#include <span>

#include "base/matrix_view.h"
#include "simd/attention/attention.h"

namespace npuscribe::simd {

/// As `attend` of attention.h.
void attend_floats(MatrixView<const float> q, const PackedHead& head, MatrixView<float> out,
                   std::span<float> scratch);

}  // namespace npuscribe::simd
