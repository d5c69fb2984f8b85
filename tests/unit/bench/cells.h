#pragma once
// Reads the cells of a result's tables.

#include <variant>

#include "bench/result.h"

namespace npuscribe::test {

/// The number in a cell; throws if the cell holds none.
inline double number(const bench::Row& row, size_t column) {
    return std::get<double>(row.cells.at(column));
}

}  // namespace npuscribe::test
