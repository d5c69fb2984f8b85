#pragma once
// How the product of block_device.cpp is cut into the pieces that workers take.

#include <algorithm>
#include <cstddef>

#include "bfp16/panels.h"

namespace npuscribe {

/// Pieces of a product of `rows` rows and `panels` panels of columns: piece i is of row group i / parts and
/// of column part i % parts. Rows stay together as long as there are enough pieces, because each row group is
/// read once for each of its parts.
struct BlockPieces {
    // Rows that a worker takes at once: of FC2's operand, 64 × 2048, they fill a quarter of a 1 MB L2.
    static constexpr size_t kRows = 64;
    // Pieces for each worker: the last ones are waited for, an eighth of a worker's time on average or less.
    static constexpr size_t kForEach = 4;

    BlockPieces(size_t rows, size_t panels, size_t workers)
        : rows_(rows),
          panels_(panels),
          groups_((rows + kRows - 1) / kRows),
          parts_(groups_ == 0 ? 1
                              : std::clamp((kForEach * workers + groups_ - 1) / groups_, size_t{1}, panels)) {
    }

    size_t count() const { return groups_ * parts_; }
    size_t first_row(size_t piece) const { return piece / parts_ * kRows; }
    size_t rows(size_t piece) const { return std::min(kRows, rows_ - first_row(piece)); }
    size_t first_panel(size_t piece) const { return piece % parts_ * panels_ / parts_; }
    size_t end_panel(size_t piece) const { return (piece % parts_ + 1) * panels_ / parts_; }

  private:
    size_t rows_, panels_, groups_, parts_;
};

}  // namespace npuscribe
