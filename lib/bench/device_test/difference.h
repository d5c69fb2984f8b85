#pragma once
// Where a result differs from what it must be, and what the pattern of the wrong values looks like.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bench/device_test/product.h"
#include "device/array/array_plan.h"

namespace npuscribe::device_test {

/// Wrong values; rows and columns are counted from 0, and the last ones are included.
struct Difference {
    size_t count = 0;
    size_t first_row = 0, first_col = 0;  // of the first wrong value, row by row
    size_t last_row = 0;
    size_t low_col = 0, high_col = 0;
    double largest = 0;  // |got − expected| of the worst finite one

    bool none() const { return count == 0; }
};

/// `allowed` may be empty: then the values must be equal. NaN is always wrong.
Difference compare(const Matrix& expected, const Matrix& got, const Matrix& allowed);

/// The rows in which ‖got − expected‖ is above the row's limit; all of their values count as wrong.
Difference compare_rows(const Matrix& expected, const Matrix& got, const std::vector<double>& limits);

/// What the wrong values are.
enum class Pattern {
    not_finite,   // some are Inf or NaN
    zeros,        // all are 0
    previous,     // all are those of the result before
    no_bias,      // all lack the bias
    partial_sum,  // all are the sum of the first few tiles of K
    permuted,     // a core's tile holds the right values in other places
    inexact,      // all are within 2^-6 of the sum of magnitudes: rounded too early
    other,
};

struct Finding {
    Pattern pattern = Pattern::other;
    size_t k_tiles = 0;  // of a partial sum
};

/// Looks at a wrong result of `product`. `previous` is what the device gave before, if there was anything.
/// `tile` and `rows` say how the array cuts C up.
Finding find_pattern(const Product& product, const Matrix& got, const std::optional<Matrix>& previous,
                     const array::Tile& tile);

/// "24 of 98304 values are wrong, in rows 8 to 255 and columns 0 to 383; the first is row 8, column 0:
/// expected 1.5, got 0".
std::string describe(const Difference&, const Matrix& expected, const Matrix& got);

/// The number of wrong values in each core's tile: [row tiles][column tiles].
std::vector<std::vector<size_t>> wrong_by_tile(const Product& product, const Matrix& got,
                                               const array::Tile& tile);

/// "the core in row 1 of column 3", "all cores of column 3", "all cores of row 1" or "cores of several rows
/// and columns": where the wrong values of C were computed, on an array of `rows` × `columns` cores.
std::string where_on_array(const std::vector<std::vector<size_t>>& wrong, size_t rows, size_t columns);

}  // namespace npuscribe::device_test
