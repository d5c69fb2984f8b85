#include "simd/rows/blocks.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <vector>

#include "bfp16/panels.h"
#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rows/blocks.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "simd/rows/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

bool QuantiseRowOfBlocks(const float* values, size_t cols, uint8_t* blocks) {
    return QuantiseRow<bfp16::Rounding::nearest_even>(values, cols, blocks);
}

void RestoreRowOfBlocks(const uint8_t* blocks, size_t cols, float* out) {
    for (size_t i = 0; i < cols; i += bfp16::kBlockSize, blocks += bfp16::kBlockBytes)
        DecodeBlock(blocks, out + i);
}

void RestoreRowOfBlocksBf16(const uint8_t* blocks, size_t cols, uint16_t* out) {
    for (size_t i = 0; i < cols; i += bfp16::kBlockSize, blocks += bfp16::kBlockBytes) {
#if HWY_TARGET != HWY_SCALAR && HWY_MAX_BYTES >= 32
        const hn::CappedTag<float, 8> d;
        const hn::RebindToSigned<decltype(d)> di;
        const hn::RebindToUnsigned<decltype(d)> du;
        const hn::Rebind<int8_t, decltype(d)> d8;
        const hn::Rebind<uint16_t, decltype(d)> d16;
        const auto mantissas = hn::LoadU(d8, reinterpret_cast<const int8_t*>(blocks + 1));
        const auto whole = hn::ConvertTo(d, hn::PromoteTo(di, mantissas));
        const auto values = hn::Mul(whole, hn::Set(d, bfp16::mantissa_unit(blocks[0])));
        hn::StoreU(hn::TruncateTo(d16, hn::ShiftRight<16>(hn::BitCast(du, values))), d16, out + i);
#else
        float values[bfp16::kBlockSize];
        DecodeBlock(blocks, values);
        for (size_t j = 0; j < bfp16::kBlockSize; ++j)
            out[i + j] = static_cast<uint16_t>(std::bit_cast<uint32_t>(values[j]) >> 16);
#endif
    }
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
namespace {

HWY_EXPORT(QuantiseRowOfBlocks);
HWY_EXPORT(RestoreRowOfBlocks);
HWY_EXPORT(RestoreRowOfBlocksBf16);

bool exponents_are_good(const uint8_t* blocks, size_t cols) {
    uint8_t largest = 0;
    for (size_t i = 0; i < cols / bfp16::kBlockSize; ++i) {
        const uint8_t exponent = blocks[i * bfp16::kBlockBytes];
        largest = exponent > largest ? exponent : largest;
    }
    return largest <= kLargestBlockExponent;
}

template <class T, class Restore>
std::optional<size_t> restore(const uint8_t* blocks, MatrixView<T> out, Restore restore_row) {
    assert(out.cols % bfp16::kBlockSize == 0);
    std::optional<size_t> bad;
    for (size_t r = 0; r < out.rows; ++r, blocks += bfp16::row_bytes(out.cols)) {
        if (!exponents_are_good(blocks, out.cols) && !bad) bad = r;
        restore_row(blocks, out.cols, out.row(r));
    }
    return bad;
}

}  // namespace

std::optional<size_t> quantise_rows(MatrixView<const float> x, uint8_t* blocks) {
    assert(x.cols % bfp16::kBlockSize == 0);
    init_isa();
    const auto quantise_row = HWY_DYNAMIC_DISPATCH(QuantiseRowOfBlocks);
    std::optional<size_t> bad;
    for (size_t r = 0; r < x.rows; ++r, blocks += bfp16::row_bytes(x.cols)) {
        if (!quantise_row(x.row(r), x.cols, blocks) && !bad) bad = r;
    }
    return bad;
}

std::optional<size_t> restore_rows(const uint8_t* blocks, MatrixView<float> out) {
    init_isa();
    return restore(blocks, out, HWY_DYNAMIC_DISPATCH(RestoreRowOfBlocks));
}

std::optional<size_t> restore_rows(const uint8_t* blocks, MatrixView<uint16_t> out) {
    init_isa();
    return restore(blocks, out, HWY_DYNAMIC_DISPATCH(RestoreRowOfBlocksBf16));
}

std::optional<size_t> quantise_panels(MatrixView<const float> x, size_t first, uint8_t* panels) {
    constexpr size_t kRows = bfp16::kPanelLanes;  // at a time, so that their blocks stay in the first cache
    std::vector<uint8_t> blocks(kRows * bfp16::row_bytes(x.cols));
    std::optional<size_t> bad;
    for (size_t row = 0; row < x.rows; row += kRows) {
        const auto rows = x.rows_from(row, std::min(kRows, x.rows - row));
        const auto bad_here = quantise_rows(rows, blocks.data());
        if (bad_here && !bad) bad = row + *bad_here;
        bfp16::pack_panels(blocks.data(), x.cols, first + row, rows.rows, panels);
    }
    return bad;
}

namespace {
template <class T>
std::optional<size_t> restore_from_panels(const uint8_t* panels, size_t first, MatrixView<T> out) {
    const size_t rows = std::min<size_t>(16, out.rows);  // at a time, as above
    std::vector<uint8_t> blocks(rows * bfp16::row_bytes(out.cols));
    std::optional<size_t> bad;
    for (size_t row = 0; row < out.rows; row += rows) {
        const size_t count = std::min(rows, out.rows - row);
        bfp16::unpack_panels(panels, out.cols, first + row, count, blocks.data());
        const auto bad_here = restore_rows(blocks.data(), out.rows_from(row, count));
        if (bad_here && !bad) bad = row + *bad_here;
    }
    return bad;
}
}  // namespace

std::optional<size_t> restore_panels(const uint8_t* panels, size_t first, MatrixView<float> out) {
    return restore_from_panels(panels, first, out);
}

std::optional<size_t> restore_panels(const uint8_t* panels, size_t first, MatrixView<uint16_t> out) {
    return restore_from_panels(panels, first, out);
}

}  // namespace npuscribe::simd
#endif
