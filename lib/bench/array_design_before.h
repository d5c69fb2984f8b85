#pragma once
// The array's design before version 2 of the tile layout, in its timing model's terms, to compare with: cores
// of 64 × 64 × n, B read again for each 256 rows, sums that leave as f32, query, key and value as products of
// their own, and GELU on the host, so that a layer has four submissions.

#include "bench/array_projection.h"

namespace npuscribe::bench {

/// BFP16, for the widths of kernels/plan.json. Only `seconds`, `dispatch` and `dram_bytes` are filled in.
ArrayProjection project_array_before(const Shape& shape, const array::Assumptions& assumptions);

}  // namespace npuscribe::bench
