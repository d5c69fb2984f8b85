#pragma once
// Panels: the layout in which a converted model stores its weights, and from which CPUs multiply them without
// a copy.
//
//   matrix   W [n × k], k a multiple of 8, in panels of 64 rows (output features); the last is padded
//   panel    its blocks along k, one stream of memory
//   block    64 rows × 8 columns: four times 16 rows' mantissas 0…3, then their mantissas 4…7; then the
//            exponents of all 64: 576 bytes, 9 for 8 values
//
// Mantissas are stored + 128, because VNNI multiplies unsigned by signed bytes. Blocks of zeros have
// the exponent 127, in the padding too: their scale does not matter, and an exponent of 0 would widen the
// range.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "bfp16/block.h"

namespace npuscribe::bfp16 {

inline constexpr size_t kPanelRows = 64;
inline constexpr size_t kPanelLanes = 16;  // rows side by side in a vector
inline constexpr size_t kPanelBlockBytes = kPanelRows * kBlockBytes;
inline constexpr uint8_t kExponentOfZeros = 127;

constexpr size_t panels(size_t n) {
    return (n + kPanelRows - 1) / kPanelRows;
}
/// Bytes of all panels of n rows.
constexpr size_t panel_bytes(size_t n, size_t k) {
    return panels(n) * (k / kBlockSize) * kPanelBlockBytes;
}

/// The exponents of some blocks. Of no blocks: lowest > highest.
struct ExponentRange {
    uint32_t lowest = 255;
    uint32_t highest = 0;

    void include(const ExponentRange& other) {
        lowest = lowest < other.lowest ? lowest : other.lowest;
        highest = highest > other.highest ? highest : other.highest;
    }
};

/// Copies rows [first, first + count) of W, as `quantise` gives them, into the panels of W. Several threads
/// may do so at once if their ranges begin at multiples of 16.
void pack_panels(const uint8_t* blocks, size_t k, size_t first, size_t count, uint8_t* panels);

/// Writes the padding of the last panel of n rows. May be called before or after pack_panels.
void pad_last_panel(size_t n, size_t k, uint8_t* panels);

/// The inverse of `pack_panels`, byte for byte.
void unpack_panels(const uint8_t* panels, size_t k, size_t first, size_t count, uint8_t* blocks);

/// The range of the exponents stored in panels [first, first + count).
ExponentRange exponents_of(const uint8_t* panels, size_t k, size_t first, size_t count);

/// The first row, of n and the padding, that has a block with an exponent above `limit`, or nothing.
std::optional<size_t> exponent_above(uint32_t limit, const uint8_t* panels, size_t n, size_t k);

}  // namespace npuscribe::bfp16
