#pragma once
// Where the matmuls of this folder put their sums.

#include "base/matrix_view.h"

namespace npuscribe::simd {

/// y = (accumulate ? y : 0) + sum + bias.
struct MatmulOutput {
    MatrixView<float> y;
    const float* bias = nullptr;  // one a column of y, from its first; null: none
    bool accumulate = false;
};

}  // namespace npuscribe::simd
