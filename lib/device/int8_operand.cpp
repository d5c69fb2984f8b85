#include "device/int8_operand.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "device/checks.h"
#include "simd/rows/int8_rows.h"

namespace npuscribe {
namespace {

constexpr size_t kGrain = 16;  // rows that a worker converts at a time

}  // namespace

Int8Rows::Int8Rows(size_t max_rows, size_t cols, bool one_exponent, bfp16::Rounding rounding)
    : max_rows_(max_rows),
      cols_(cols),
      padded_(bfp16::padded(cols)),
      one_exponent_(one_exponent),
      rounding_(rounding),
      waiting_(one_exponent ? max_rows * padded_ : 0),
      values_(max_rows * padded_),
      exponents_(max_rows) {}

void Int8Rows::resize(size_t rows) {
    check_fits(rows, max_rows_);
    rows_ = rows;
}

bool Int8Rows::put(size_t row, const float* padded_values) {
    if (!simd::row_exponent(padded_values, padded_, exponents_[row])) return false;
    if (one_exponent_) {
        std::copy_n(padded_values, padded_, waiting_.data() + row * padded_);
    } else {
        simd::row_to_int8(padded_values, padded_, exponents_[row], rounding_, values_.data() + row * padded_);
    }
    return true;
}

void Int8Rows::finish(ThreadPool& pool) {
    if (!one_exponent_ || rows_ == 0) return;
    const auto end = exponents_.begin() + static_cast<std::ptrdiff_t>(rows_);
    const uint8_t largest = *std::max_element(exponents_.begin(), end);
    std::fill(exponents_.begin(), end, largest);
    pool.for_each(rows_, kGrain, [&](size_t first, size_t last, size_t) {
        for (size_t row = first; row < last; ++row) {
            simd::row_to_int8(waiting_.data() + row * padded_, padded_, largest, rounding_,
                              values_.data() + row * padded_);
        }
    });
}

}  // namespace npuscribe
