#include "device/bad_value.h"

#include <cmath>

namespace npuscribe {

std::string place_of_bad_value(MatrixView<const float> x, float limit) {
    for (size_t r = 0; r < x.rows; ++r) {
        for (size_t c = 0; c < x.cols; ++c) {
            const float value = x(r, c);
            if (std::isfinite(value) && std::fabs(value) < limit) continue;
            const std::string what = std::isnan(value) ? "NaN" : std::to_string(value);
            return what + " at row " + std::to_string(r) + ", column " + std::to_string(c);
        }
    }
    return "a value out of range after normalisation";
}

}  // namespace npuscribe
