#pragma once
// A tensor in memory that somebody else owns, usually a mapped file.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/convert.h"

namespace npuscribe {

/// The elements of a shape; none if their number does not fit size_t. A scalar (no dimensions) has one.
std::optional<size_t> element_count(std::span<const size_t> shape);

/// "[512, 80, 3]"
std::string to_string(std::span<const size_t> shape);

/// Row-major, C-contiguous. `bytes` holds exactly the elements of `shape`; rows are whole blocks if the
/// type has blocks. A tensor in BFP16 is a matrix in panels (bfp16/panels.h).
struct TensorData {
    DType dtype = DType::f32;
    std::vector<size_t> shape;
    std::span<const std::byte> bytes;
    /// The f32 scales of a quantised tensor, one for each run of count / (number of scales) elements, or one
    /// for all: with scale s, q stands for q / s (CTranslate2's convention). Empty if the tensor is not
    /// quantised.
    std::span<const std::byte> scales;

    size_t count() const { return element_count(shape).value_or(0); }
    /// Rows [first, first + rows) of the first dimension. Not for BFP16. The caller checks that they exist.
    TensorData rows(size_t first, size_t rows) const;
    /// The bytes of rows [first, first + rows); for BFP16 perhaps of some rows beside them too.
    std::span<const std::byte> bytes_of_rows(size_t first, size_t rows) const;
    /// Converts these rows to `out`, as many as it holds. Returns false if a scale is not a positive, finite
    /// number or a block has an exponent that no weight has.
    bool read_rows(size_t first, size_t rows, std::span<float> out) const;
    /// Converts all rows; out.size() == count().
    bool read(std::span<float> out) const;
};

}  // namespace npuscribe
