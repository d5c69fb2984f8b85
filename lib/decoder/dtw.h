#pragma once
// Dynamic time warping (Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word
// recognition", 1978; openai/whisper, whisper/timing.py: dtw_cpu).

#include <cstddef>
#include <vector>

#include "base/matrix_view.h"

namespace npuscribe {

struct DtwStep {
    size_t row = 0;
    size_t column = 0;
    bool operator==(const DtwStep&) const = default;
};

/// The cheapest path from the first row and column of `cost` to the last: each step goes to the next row, the
/// next column, or both. Among equally cheap ways to a cell it takes the one along the row, as OpenAI does.
/// Empty for an empty matrix.
std::vector<DtwStep> dtw(MatrixView<const float> cost);

}  // namespace npuscribe
