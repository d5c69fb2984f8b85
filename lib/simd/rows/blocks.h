#pragma once
// Rows of BFP16 blocks as bfp16::quantise has them, to and from numbers, in vector code: what a model file is
// written with and read with.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::simd {

/// The largest exponent of a block that is taken: larger ones stand for 2^111 and more, which no weight is
/// and no kernel takes.
inline constexpr uint8_t kLargestBlockExponent = 237;

/// `x` [m × k] to `blocks` [m × row_bytes(k)], to nearest even, byte for byte what bfp16::quantise writes. k
/// must be a multiple of 8. Returns the first row with Inf, NaN or a magnitude of 2^111 or more (its blocks
/// are not meaningful), or nothing.
std::optional<size_t> quantise_rows(MatrixView<const float> x, uint8_t* blocks);

/// The values of `blocks` [m × row_bytes(k)]; k must be a multiple of 8. Returns the first row with a block
/// exponent above kLargestBlockExponent (its values are not meaningful), or nothing.
std::optional<size_t> restore_rows(const uint8_t* blocks, MatrixView<float> out);

/// The same as bfloat16 bits: BFP16 values are exact in bfloat16.
std::optional<size_t> restore_rows(const uint8_t* blocks, MatrixView<uint16_t> out);

/// Like quantise_rows, into rows [first, first + m) of a matrix in panels (bfp16/panels.h); `first` is a
/// multiple of 16. Several threads may do so at once.
std::optional<size_t> quantise_panels(MatrixView<const float> x, size_t first, uint8_t* panels);

/// Like restore_rows, of rows [first, first + m) of a matrix in panels.
std::optional<size_t> restore_panels(const uint8_t* panels, size_t first, MatrixView<float> out);
std::optional<size_t> restore_panels(const uint8_t* panels, size_t first, MatrixView<uint16_t> out);

}  // namespace npuscribe::simd
