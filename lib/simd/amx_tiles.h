#pragma once
// AMX's tiles, as all our kernels configure them. Private to lib/simd. Intel 64 and IA-32 Architectures
// Optimization Reference Manual, chapter 20.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/target.h"

NPUSCRIBE_TARGET_BEGIN("amx-tile")
namespace npuscribe::simd::amx {

inline constexpr size_t kTileRows = 16;
inline constexpr size_t kTileRowBytes = 64;
inline constexpr size_t kTileBytes = kTileRows * kTileRowBytes;

/// What LDTILECFG reads.
struct alignas(64) TileConfig {
    uint8_t palette;
    uint8_t start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};
static_assert(sizeof(TileConfig) == 64);

// A constant, because g++ assumes that _tile_loadconfig reads 8 bytes, and would not write the rest of a
// local variable.
inline constexpr TileConfig kWholeTiles = {
    1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

/// Configures all eight tiles at their full 16 rows of 64 bytes; releases them at the end of its life.
class Tiles {
  public:
    Tiles() { _tile_loadconfig(&kWholeTiles); }
    ~Tiles() { _tile_release(); }
    Tiles(const Tiles&) = delete;
    Tiles& operator=(const Tiles&) = delete;
};

/// Call it between writing memory and loading tiles from it: g++ assumes that _tile_loadd reads no memory.
inline void before_tile_loads() {
    __asm__ volatile("" ::: "memory");
}

}  // namespace npuscribe::simd::amx
NPUSCRIBE_TARGET_END
