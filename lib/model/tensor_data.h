#pragma once
// A tensor where it lies: in somebody else's memory, mostly a mapped file.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/convert.h"

namespace npuscribe {

/// Elements of a shape; nothing where the product does not fit size_t. A scalar (no dimensions) has one.
std::optional<size_t> element_count(std::span<const size_t> shape);

/// "[512, 80, 3]"
std::string to_string(std::span<const size_t> shape);

/// Row-major, C-contiguous. `bytes` holds exactly the elements of `shape`; rows are whole blocks where the
/// type has blocks. BFP16 is a matrix in panels (bfp16/panels.h).
struct TensorData {
    DType dtype = DType::f32;
    std::vector<size_t> shape;
    std::span<const std::byte> bytes;
    /// For quantised tensors: f32 scales s, one for each run of count / (number of scales) elements, or one
    /// for all; the value of q is q / s (CTranslate2's convention). Empty: plain numbers.
    std::span<const std::byte> scales;

    size_t count() const { return element_count(shape).value_or(0); }
    /// Rows [first, first + rows) of the first dimension, not of BFP16. The caller checks that they exist.
    TensorData rows(size_t first, size_t rows) const;
    /// What holds rows [first, first + rows) and, of BFP16, perhaps some beside them.
    std::span<const std::byte> bytes_of_rows(size_t first, size_t rows) const;
    /// Converts them, as many as `out` holds. False where a scale is not a positive, finite number, or a
    /// block's exponent is none that a weight has.
    bool read_rows(size_t first, size_t rows, std::span<float> out) const;
    /// All of them; out.size() == count().
    bool read(std::span<float> out) const;
};

}  // namespace npuscribe
