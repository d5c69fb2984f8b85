// BFP16 blocks in vector registers. Compiled once for each Highway target, like math-inl.h.
//
// Adding 1.5·2^23 units of a block's mantissas to a value makes the adder round it to a unit, to nearest
// even, and leaves the mantissa in the low bits of the sum. Adding 128 more keeps the mantissa positive, and
// adding 256 times the exponent brings that along: the low 16 bits of the sum are exponent and mantissa +
// 128. Exact for exponents up to 237 (magnitudes below bfp16::kMagnitudeLimit); the reference code handles
// larger ones.
#if defined(NPUSCRIBE_SIMD_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NPUSCRIBE_SIMD_BLOCKS_INL_H_
#undef NPUSCRIBE_SIMD_BLOCKS_INL_H_
#else
#define NPUSCRIBE_SIMD_BLOCKS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "bfp16/layout.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr uint32_t kExponentBits = 0x7F800000;
constexpr uint32_t kMagic = (17U << 23) + 0x400000 + 128;

/// What is added to the values of a block whose largest magnitude has these bits.
inline uint32_t MagicOf(uint32_t largest) {
    return (largest & kExponentBits) + kMagic + ((largest >> 15) & 0xFF00);
}

/// Bits of the largest magnitude of 8 values.
HWY_INLINE uint32_t LargestBits(const float* values) {
    uint32_t largest = 0;
    for (size_t i = 0; i < bfp16::kBlockSize; ++i) {
        largest = std::max(largest, std::bit_cast<uint32_t>(values[i]) & 0x7FFFFFFF);
    }
    return largest;
}

template <bfp16::Rounding kRounding>
HWY_INLINE void StoreBlock(const float* values, uint32_t magic_bits, uint8_t* block) {
    const float magic = std::bit_cast<float>(magic_bits);
    block[0] = static_cast<uint8_t>((magic_bits - kMagic) >> 8);
    for (size_t i = 0; i < bfp16::kBlockSize; ++i) {
        const float sum = values[i] + magic;
        uint32_t bits = std::bit_cast<uint32_t>(sum);
        if (kRounding == bfp16::Rounding::floor) bits -= sum - magic > values[i] ? 1 : 0;
        block[1 + i] = static_cast<uint8_t>(std::min(bits, magic_bits | 127U) - 128);
    }
}

/// One subtile: columns [col, col + 8) of eight rows. Returns 0 if all values are in range.
template <bfp16::Rounding kRounding>
HWY_INLINE uint32_t QuantiseSubtile(const float* const* rows, size_t col, uint8_t* out) {
    uint32_t bad = 0;
    for (size_t row = 0; row < bfp16::kSubtileRows; ++row, out += bfp16::kBlockBytes) {
        const uint32_t largest = LargestBits(rows[row] + col);
        bad |= largest >= bfp16::kMagnitudeLimitBits ? 1U : 0U;
        StoreBlock<kRounding>(rows[row] + col, MagicOf(largest), out);
    }
    return bad;
}

HWY_INLINE uint8_t BlockExponent(const float* values) {
    return static_cast<uint8_t>(LargestBits(values) >> 23);
}

#if HWY_TARGET != HWY_SCALAR && HWY_MAX_BYTES >= 32

// Of a block's 8 pairs (mantissa + 128, exponent): one exponent, then the mantissas.
alignas(16) constexpr uint8_t kGather[16] = {1,  0,    2,    4,    6,    8,    10,   12,
                                             14, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
alignas(16) constexpr uint8_t kOffset[16] = {0,    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                             0x80, 0,    0,    0,    0,    0,    0,    0};

/// As MagicOf, lane by lane.
template <class DU2, class V = hn::Vec<DU2>>
HWY_INLINE V MagicsOf(DU2 du, V largest) {
    const V exponents = hn::And(hn::ShiftRight<15>(largest), hn::Set(du, 0xFF00));
    return hn::Add(hn::Add(hn::And(largest, hn::Set(du, kExponentBits)), hn::Set(du, kMagic)), exponents);
}

/// Blocks of one or two times 8 values: 9 bytes in the lower part of 16, each.
template <bfp16::Rounding kRounding, class D, class V = hn::Vec<D>>
HWY_INLINE auto RoundBlocks(D df, V values, hn::Vec<hn::RebindToUnsigned<D>> magic) {
    const hn::RebindToUnsigned<D> du;
    const hn::Rebind<uint16_t, D> d16;
    const hn::Repartition<uint8_t, decltype(d16)> d8;
    const V sum = hn::Add(values, hn::BitCast(df, magic));
    auto packed = hn::BitCast(du, sum);
    if constexpr (kRounding == bfp16::Rounding::floor) {
        const auto above = hn::Gt(hn::Sub(sum, hn::BitCast(df, magic)), values);
        packed = hn::Add(packed, hn::BitCast(du, hn::VecFromMask(df, above)));
    } else {
        packed = hn::Min(packed, hn::Or(magic, hn::Set(du, 127)));
    }
    const auto pairs = hn::BitCast(d8, hn::TruncateTo(d16, packed));
    return hn::Xor(hn::TableLookupBytes(pairs, hn::LoadDup128(d8, kGather)), hn::LoadDup128(d8, kOffset));
}

template <class V>
HWY_INLINE void StoreNineBytes(V block, uint8_t* to) {
    const hn::CappedTag<uint8_t, 8> half;
    hn::StoreU(hn::LowerHalf(half, block), half, to);
    to[8] = hn::ExtractLane(block, 8);
}

/// Bits of the largest magnitude of 8 values, in every lane. As whole numbers, so that NaN is larger than
/// all.
template <class D, class V = hn::Vec<D>>
HWY_INLINE auto LargestOfBlock(D d, V values) {
    const hn::RebindToSigned<D> di;
    return hn::MaxOfLanes(di, hn::BitCast(di, hn::Abs(values)));
}

/// Rounds `cols` values to blocks. False if a value is out of range.
template <bfp16::Rounding kRounding>
HWY_INLINE bool QuantiseRow(const float* values, size_t cols, uint8_t* blocks) {
    const hn::CappedTag<float, 8> d;
    const hn::RebindToSigned<decltype(d)> di;
    const hn::RebindToUnsigned<decltype(d)> du;
    auto worst = hn::Zero(di);
    for (size_t col = 0; col < cols; col += bfp16::kBlockSize, blocks += bfp16::kBlockBytes) {
        const auto row = hn::LoadU(d, values + col);
        const auto largest = LargestOfBlock(d, row);
        worst = hn::Max(worst, largest);
        StoreNineBytes(RoundBlocks<kRounding>(d, row, MagicsOf(du, hn::BitCast(du, largest))), blocks);
    }
    return hn::AllTrue(di, hn::Lt(worst, hn::Set(di, static_cast<int32_t>(bfp16::kMagnitudeLimitBits))));
}

template <bfp16::Rounding kRounding>
HWY_INLINE void QuantiseBlock(const float* values, uint8_t exponent, uint8_t* block) {
    const hn::CappedTag<float, 8> d;
    const hn::RebindToUnsigned<decltype(d)> du;
    const auto magic = hn::Set(du, MagicOf(static_cast<uint32_t>(exponent) << 23));
    StoreNineBytes(RoundBlocks<kRounding>(d, hn::LoadU(d, values), magic), block);
}

using DF = hn::ScalableTag<float>;  // 8 or 16 lanes: one block or two, side by side in a row
using DU = hn::RebindToUnsigned<DF>;
using VU = hn::Vec<DU>;
constexpr size_t kGroupBlocks = hn::MaxLanes(DF()) / bfp16::kBlockSize;

/// Of eight rows, the largest magnitude of each block: row r's is lane r of its block's 8 lanes.
HWY_INLINE VU LargestOfRows(const VU* bits) {
    const DU d;
    const hn::Repartition<uint64_t, DU> d64;
    VU pairs[4], quads[2];
    for (size_t i = 0; i < 4; ++i) {
        const VU a = bits[2 * i], b = bits[2 * i + 1];
        pairs[i] = hn::Max(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
    }
    for (size_t i = 0; i < 2; ++i) {
        const auto a = hn::BitCast(d64, pairs[2 * i]), b = hn::BitCast(d64, pairs[2 * i + 1]);
        quads[i] = hn::Max(hn::BitCast(d, hn::InterleaveLower(d64, a, b)),
                           hn::BitCast(d, hn::InterleaveUpper(d64, a, b)));
    }
    return hn::Max(hn::OddEvenBlocks(hn::SwapAdjacentBlocks(quads[1]), quads[0]),
                   hn::OddEvenBlocks(quads[1], hn::SwapAdjacentBlocks(quads[0])));
}

/// Stores blocks of one row, each in 16 bytes of which 9 count, in their subtiles. The 7 bytes too many are
/// the next row's, which is written later; the last row stores only its own bytes.
template <class V>
HWY_INLINE void StoreGroup(V blocks, size_t row, size_t step, uint8_t* out) {
    const hn::CappedTag<uint8_t, 16> d;
    out += row * bfp16::kBlockBytes;
    const auto store = [&](hn::Vec<decltype(d)> block, uint8_t* to) {
        if (row + 1 < bfp16::kSubtileRows) {
            hn::StoreU(block, d, to);
        } else {
            StoreNineBytes(block, to);
        }
    };
    if constexpr (kGroupBlocks == 1) {
        store(blocks, out);
    } else {
        store(hn::LowerHalf(d, blocks), out);
        store(hn::UpperHalf(d, blocks), out + step);
    }
}

/// As QuantiseSubtile, of kGroupBlocks subtiles side by side; `step` is from one to the next in `out`.
template <bfp16::Rounding kRounding>
HWY_INLINE uint32_t QuantiseSubtiles(const float* const* rows, size_t col, [[maybe_unused]] size_t step,
                                     uint8_t* out) {
    const DF df;
    const DU du;
    alignas(64) static constexpr uint32_t kLaneOfBlock[16] = {0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8};
    hn::Vec<DF> values[8];
    VU bits[8];
    for (size_t row = 0; row < 8; ++row) {
        values[row] = hn::LoadU(df, rows[row] + col);
        bits[row] = hn::BitCast(du, hn::Abs(values[row]));
    }
    const VU largest = LargestOfRows(bits);
    const VU magics = MagicsOf(du, largest);
    const VU first_lanes = hn::Load(du, kLaneOfBlock);
    for (size_t row = 0; row < 8; ++row) {
        const auto lanes =
            hn::IndicesFromVec(du, hn::Add(first_lanes, hn::Set(du, static_cast<uint32_t>(row))));
        StoreGroup(RoundBlocks<kRounding>(df, values[row], hn::TableLookupLanes(magics, lanes)), row, step,
                   out);
    }
    const hn::RebindToSigned<DU> di;
    const auto too_large =
        hn::Gt(hn::BitCast(di, largest), hn::Set(di, static_cast<int32_t>(bfp16::kMagnitudeLimitBits - 1)));
    return hn::AllFalse(di, too_large) ? 0U : 1U;
}

#else

constexpr size_t kGroupBlocks = 1;

template <bfp16::Rounding kRounding>
HWY_INLINE void QuantiseBlock(const float* values, uint8_t exponent, uint8_t* block) {
    StoreBlock<kRounding>(values, MagicOf(static_cast<uint32_t>(exponent) << 23), block);
}

template <bfp16::Rounding kRounding>
HWY_INLINE bool QuantiseRow(const float* values, size_t cols, uint8_t* blocks) {
    uint32_t worst = 0;
    for (size_t col = 0; col < cols; col += bfp16::kBlockSize, blocks += bfp16::kBlockBytes) {
        const uint32_t largest = LargestBits(values + col);
        worst = std::max(worst, largest);
        StoreBlock<kRounding>(values + col, MagicOf(largest), blocks);
    }
    return worst < bfp16::kMagnitudeLimitBits;
}

template <bfp16::Rounding kRounding>
HWY_INLINE uint32_t QuantiseSubtiles(const float* const* rows, size_t col, size_t, uint8_t* out) {
    return QuantiseSubtile<kRounding>(rows, col, out);
}

#endif

HWY_INLINE void DecodeBlock(const uint8_t* block, float* values) {
#if HWY_TARGET != HWY_SCALAR && HWY_MAX_BYTES >= 32
    const hn::CappedTag<float, 8> d;
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<int8_t, decltype(d)> d8;
    const auto mantissas = hn::LoadU(d8, reinterpret_cast<const int8_t*>(block + 1));
    const auto whole = hn::ConvertTo(d, hn::PromoteTo(di, mantissas));
    hn::StoreU(hn::Mul(whole, hn::Set(d, bfp16::mantissa_unit(block[0]))), d, values);
#else
    const float unit = bfp16::mantissa_unit(block[0]);
    for (size_t i = 0; i < bfp16::kBlockSize; ++i) {
        values[i] = static_cast<float>(static_cast<int8_t>(block[1 + i])) * unit;
    }
#endif
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
