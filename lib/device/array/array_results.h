#pragma once
// C as the array leaves it, for those who take it over.

#include "device/array/array_plan.h"
#include "simd/rows/npu_results.h"

namespace npuscribe::array {

/// Of results that are rows of values: sums or bf16.
simd::ResultLayout result_layout(const Gemm& gemm);

}  // namespace npuscribe::array
