#include "simd/rows/npu_results.h"

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

/// Rows of one row of subtiles, `out.cols` of their values: a multiple of 8. Subtile by subtile, because
/// those of a row are far apart, at distances that fall on the same few sets of a cache.
template <class T>
void TakeStrip(const uint8_t* c, const ResultLayout& layout, size_t row, bool add, MatrixView<float> out) {
    const Values d;
    const size_t step = layout.tile_rows / 8 * 64;
    for (size_t first = 0; first < out.cols; first += layout.tile_cols) {
        const T* from = reinterpret_cast<const T*>(c + layout.offset(row, first));
        const size_t end = std::min(out.cols, first + layout.tile_cols);
        for (size_t col = first; col < end; col += 8, from += step) {
            for (size_t r = 0; r < out.rows; ++r) {
                float* to = out.row(r) + col;
                for (size_t lane = 0; lane < 8; lane += hn::Lanes(d)) {
                    auto value = Load(from + 8 * r + lane);
                    if (add) value = hn::Add(value, hn::LoadU(d, to + lane));
                    hn::StoreU(value, d, to + lane);
                }
            }
        }
    }
}

void TakeStrips(const uint8_t* c, const ResultLayout& layout, size_t row, bool add, MatrixView<float> out) {
    if (layout.value_bytes == sizeof(uint16_t)) {
        TakeStrip<uint16_t>(c, layout, row, add, out);
    } else {
        TakeStrip<float>(c, layout, row, add, out);
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(TakeStrips);

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
    const auto take = HWY_DYNAMIC_DISPATCH(TakeStrips);
    const size_t whole = out.cols / 8 * 8;
    for (size_t done = 0; done < out.rows;) {
        const size_t row = first_row + done, count = std::min(8 - row % 8, out.rows - done);
        take(c.data(), layout, row, add, {out.row(done), count, whole, out.stride});
        done += count;
    }
    for (size_t r = 0; r < out.rows; ++r) {
        for (size_t col = whole; col < out.cols; ++col) {
            const float value = value_at(c.data() + layout.offset(first_row + r, col), layout.value_bytes);
            out.row(r)[col] = add ? out.row(r)[col] + value : value;
        }
    }
}

}  // namespace npuscribe::simd
#endif
