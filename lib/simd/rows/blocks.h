#pragma once
// Rows of BFP16 blocks, as bfp16::quantise gives them, to and from numbers, in vector code. Model files are
// written and read with these functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/matrix_view.h"
#include "bfp16/block.h"

namespace npuscribe::simd {

/// The largest exponent that a block may have: 237. Larger ones stand for bfp16::kMagnitudeLimit and more,
/// which no kernel takes and no weight is.
inline constexpr uint8_t kLargestBlockExponent = (bfp16::kMagnitudeLimitBits >> 23) - 1;
/// The values that no block may hold, for messages.
inline constexpr std::string_view kNotInBlocks = "Inf, NaN or 2^111 and more";

/// Rounds `x` [m × k] to `blocks` [m × row_bytes(k)], to nearest even, byte for byte as bfp16::quantise does.
/// k must be a multiple of 8. Returns the first row with Inf, NaN or a magnitude of bfp16::kMagnitudeLimit or
/// more (its blocks are not meaningful), or nothing.
std::optional<size_t> quantise_rows(MatrixView<const float> x, uint8_t* blocks);

/// Restores the values of `blocks` [m × row_bytes(k)]; k must be a multiple of 8. Returns the first row with
/// a block exponent above kLargestBlockExponent (its values are not meaningful), or nothing.
std::optional<size_t> restore_rows(const uint8_t* blocks, MatrixView<float> out);

/// The same values as bfloat16 bits. BFP16 values are exact in bfloat16.
std::optional<size_t> restore_rows(const uint8_t* blocks, MatrixView<uint16_t> out);

/// Like quantise_rows, into rows [first, first + m) of a matrix in panels (bfp16/panels.h); `first` is a
/// multiple of 16. Several threads may do so at once.
std::optional<size_t> quantise_panels(MatrixView<const float> x, size_t first, uint8_t* panels);

/// Like restore_rows, for rows [first, first + m) of a matrix in panels.
std::optional<size_t> restore_panels(const uint8_t* panels, size_t first, MatrixView<float> out);
std::optional<size_t> restore_panels(const uint8_t* panels, size_t first, MatrixView<uint16_t> out);

}  // namespace npuscribe::simd
