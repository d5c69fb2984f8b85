#pragma once
// MatrixView as Eigen sees it. A header of its own, because Eigen takes a second to compile and most files
// that pass matrices on do no algebra with them.

#include <Eigen/Core>
#include <span>
#include <type_traits>

#include "base/matrix_view.h"

namespace npuscribe {

/// A row-major matrix that owns its values.
template <class T>
using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The values of `view` in place: assigning to the result writes them, unless T is const.
template <class T>
auto as_eigen(MatrixView<T> view) {
    using Matrix = EigenMatrix<std::remove_const_t<T>>;
    using Mapped = std::conditional_t<std::is_const_v<T>, const Matrix, Matrix>;
    return Eigen::Map<Mapped, Eigen::Unaligned, Eigen::OuterStride<>>(
        view.data, static_cast<Eigen::Index>(view.rows), static_cast<Eigen::Index>(view.cols),
        Eigen::OuterStride<>(static_cast<Eigen::Index>(view.stride)));
}

/// `values` in place, as a column.
template <class T>
auto as_eigen(std::span<T> values) {
    using Vector = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>;
    using Mapped = std::conditional_t<std::is_const_v<T>, const Vector, Vector>;
    return Eigen::Map<Mapped>(values.data(), static_cast<Eigen::Index>(values.size()));
}

}  // namespace npuscribe
