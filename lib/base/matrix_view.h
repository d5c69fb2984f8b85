#pragma once
// A row-major view of memory that somebody else owns: how folders hand matrices to each other.

#include <cassert>
#include <cstddef>
#include <span>
#include <type_traits>

namespace npuscribe {

/// `rows` × `cols` elements; row r starts at `data + r * stride`. Owns nothing. Rows that are only read may
/// overlap (stride < cols): that is how a convolution becomes a matmul.
template <class T>
struct MatrixView {
    T* data = nullptr;
    size_t rows = 0;
    size_t cols = 0;
    size_t stride = 0;

    MatrixView() = default;
    MatrixView(T* data_, size_t rows_, size_t cols_) : MatrixView(data_, rows_, cols_, cols_) {}
    MatrixView(T* data_, size_t rows_, size_t cols_, size_t stride_)
        : data(data_), rows(rows_), cols(cols_), stride(stride_) {}
    /// A writable view is a readable one.
    template <class U>
    requires(std::is_same_v<const U, T>) MatrixView(const MatrixView<U>& other)
        : data(other.data), rows(other.rows), cols(other.cols), stride(other.stride) {}

    T* row(size_t r) const {
        assert(r < rows);
        return data + r * stride;
    }
    std::span<T> row_span(size_t r) const { return {row(r), cols}; }
    T& operator()(size_t r, size_t c) const { return row(r)[c]; }
    MatrixView rows_from(size_t first, size_t count) const {
        assert(first + count <= rows);
        return {data + first * stride, count, cols, stride};
    }
    MatrixView cols_from(size_t first, size_t count) const {
        assert(first + count <= cols);
        return {data + first, rows, count, stride};
    }
};

}  // namespace npuscribe
