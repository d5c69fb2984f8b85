#include "simd/rows/npu_results.h"

#include <hwy/cache_control.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rows/npu_results.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Values = hn::CappedTag<float, 8>;

HWY_INLINE hn::Vec<Values> Load(const float* from) {
    return hn::LoadU(Values(), from);
}

HWY_INLINE hn::Vec<Values> Load(const uint16_t* from) {
    const Values d;
    const hn::RebindToUnsigned<Values> d32;
    const hn::Rebind<uint16_t, Values> d16;
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, from))));
}

template <class T>
HWY_INLINE void FetchSubtile(const T* subtile) {
    constexpr size_t kLine = 64 / sizeof(T);
    for (size_t i = 0; i < 64; i += kLine) hwy::Prefetch(subtile + i);
}

/// Stores or adds row `r` of a subtile.
template <class T>
HWY_INLINE void TakeRow(const T* from, bool add, float* to) {
    const Values d;
    for (size_t lane = 0; lane < 8; lane += hn::Lanes(d)) {
        auto value = Load(from + lane);
        if (add) value = hn::Add(value, hn::LoadU(d, to + lane));
        hn::StoreU(value, d, to + lane);
    }
}

/// Stores row `r` of two subtiles side by side past the caches: whole lines of them.
template <class T>
HWY_INLINE void StreamRow(const T* left, const T* right, float* to) {
    const Values d;
    for (size_t lane = 0; lane < 8; lane += hn::Lanes(d)) hn::Stream(Load(left + lane), d, to + lane);
    for (size_t lane = 0; lane < 8; lane += hn::Lanes(d)) hn::Stream(Load(right + lane), d, to + 8 + lane);
}

/// Rows of one row of subtiles within a tile: `out` has up to 8 rows, and a multiple of 8 columns. `ahead`:
/// where the same is of the next tile. An array leaves its results in memory, and steps as large as those
/// between the subtiles of a row are not foreseen by a CPU, so that they are asked for.
template <class T>
void TakeStrip(const T* from, const T* ahead, size_t step, bool add, bool stream, MatrixView<float> out) {
    size_t col = 0;
    for (; stream && col + 16 <= out.cols; col += 16, from += 2 * step, ahead += 2 * step) {
        FetchSubtile(ahead);
        FetchSubtile(ahead + step);
        for (size_t r = 0; r < out.rows; ++r) StreamRow(from + 8 * r, from + step + 8 * r, out.row(r) + col);
    }
    for (; col < out.cols; col += 8, from += step, ahead += step) {
        FetchSubtile(ahead);
        for (size_t r = 0; r < out.rows; ++r) TakeRow(from + 8 * r, add, out.row(r) + col);
    }
}

/// Tile by tile, because the values of a row are far apart, at distances that fall on the same few sets of a
/// cache.
template <class T>
void TakeTiles(const uint8_t* c, const ResultLayout& layout, size_t row, bool add, MatrixView<float> out) {
    const bool stream = !add && reinterpret_cast<uintptr_t>(out.data) % 64 == 0 && out.stride % 16 == 0 &&
                        layout.tile_cols % 16 == 0;
    for (size_t col = 0; col < out.cols; col += layout.tile_cols) {
        const size_t cols = std::min(layout.tile_cols, out.cols - col);
        const size_t next = col + cols < out.cols ? col + cols : col;
        for (size_t done = 0; done < out.rows;) {
            const size_t at = row + done, rows = std::min(8 - at % 8, out.rows - done);
            TakeStrip(reinterpret_cast<const T*>(c + layout.offset(at, col)),
                      reinterpret_cast<const T*>(c + layout.offset(at, next)), layout.tile_rows / 8 * 64, add,
                      stream, {out.row(done) + col, rows, cols, out.stride});
            done += rows;
        }
    }
    if (stream) hwy::FlushStream();
}

void TakeAll(const uint8_t* c, const ResultLayout& layout, size_t row, bool add, MatrixView<float> out) {
    if (layout.value_bytes == sizeof(uint16_t)) {
        TakeTiles<uint16_t>(c, layout, row, add, out);
    } else {
        TakeTiles<float>(c, layout, row, add, out);
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(TakeAll);

namespace {

float value_at(const uint8_t* from, size_t bytes) {
    uint32_t bits = 0;
    std::memcpy(reinterpret_cast<uint8_t*>(&bits) + (sizeof bits - bytes), from, bytes);
    return std::bit_cast<float>(bits);
}

}  // namespace

void take_results(std::span<const uint8_t> c, const ResultLayout& layout, size_t first_row, bool add,
                  MatrixView<float> out) {
    init_isa();
    const size_t whole = out.cols / 8 * 8;
    HWY_DYNAMIC_DISPATCH(TakeAll)(c.data(), layout, first_row, add, {out.data, out.rows, whole, out.stride});
    for (size_t r = 0; r < out.rows; ++r) {
        for (size_t col = whole; col < out.cols; ++col) {
            const float value = value_at(c.data() + layout.offset(first_row + r, col), layout.value_bytes);
            out.row(r)[col] = add ? out.row(r)[col] + value : value;
        }
    }
}

}  // namespace npuscribe::simd
#endif
