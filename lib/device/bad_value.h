#pragma once
// What to say of a matrix that a device refused.

#include <string>

#include "base/matrix_view.h"

namespace npuscribe {

/// "NaN at row 3, column 17": the first value of `x` that is not finite or is `limit` or more in magnitude;
/// else a word on where it must have come from.
std::string place_of_bad_value(MatrixView<const float> x, float limit);

}  // namespace npuscribe
