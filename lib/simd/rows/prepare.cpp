#include "simd/rows/prepare.h"

#include <cmath>
#include <cstring>

#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rows/prepare.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/math-inl.h"
#include "simd/rows/round_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

/// Mean and 1/sqrt(variance + epsilon) of a row, in two passes.
struct Moments {
    float mean;
    float scale;
};

HWY_INLINE Moments RowMoments(const float* HWY_RESTRICT x, size_t k) {
    const hn::ScalableTag<float> d;
    const size_t n = hn::Lanes(d);
    auto sum = hn::Zero(d);
    for (size_t i = 0; i + n <= k; i += n) sum = hn::Add(sum, hn::LoadU(d, x + i));
    float total = hn::GetLane(hn::SumOfLanes(d, sum));
    for (size_t i = k / n * n; i < k; ++i) total += x[i];
    const float mean = total / static_cast<float>(k);
    const auto mean_vector = hn::Set(d, mean);
    auto squares = hn::Zero(d);
    for (size_t i = 0; i + n <= k; i += n) {
        const auto delta = hn::Sub(hn::LoadU(d, x + i), mean_vector);
        squares = hn::MulAdd(delta, delta, squares);
    }
    float variance = hn::GetLane(hn::SumOfLanes(d, squares));
    for (size_t i = k / n * n; i < k; ++i) variance += (x[i] - mean) * (x[i] - mean);
    constexpr float kEpsilon = 1e-5F;
    return {mean, 1.0F / std::sqrt(variance / static_cast<float>(k) + kEpsilon)};
}

/// A row to prepare.
struct SourceRow {
    const float* x;
    const RowPreparation& spec;
    Moments moments;  // for layer_norm
};

template <RowOperation kOperation, class D, class V = hn::Vec<D>>
HWY_INLINE V LoadOperand(D d, const SourceRow& row, size_t i) {
    const V value = hn::LoadU(d, row.x + i);
    if constexpr (kOperation == RowOperation::layer_norm) {
        const auto& [mean, scale] = row.moments;
        const V scaled = hn::Mul(hn::Sub(value, hn::Set(d, mean)), hn::Set(d, scale));
        return hn::MulAdd(scaled, hn::LoadU(d, row.spec.norm_weight + i),
                          hn::LoadU(d, row.spec.norm_bias + i));
    } else if constexpr (kOperation == RowOperation::gelu) {
        return Gelu(d, value);
    } else {
        return value;
    }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V RoundToBf16(D d, V value) {
    const hn::RebindToUnsigned<D> du;
    const auto bits = hn::BitCast(du, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7FFF)));
    return hn::BitCast(d, hn::And(rounded, hn::Set(du, 0xFFFF0000U)));
}

template <class D>
HWY_INLINE void StoreOperand(D d, hn::Vec<D> value, float* out) {
    hn::StoreU(value, d, out);
}

template <class D>
HWY_INLINE void StoreOperand(D d, hn::Vec<D> value, uint16_t* out) {
    const hn::RebindToUnsigned<D> du;
    const hn::Rebind<uint16_t, D> d16;
    (void)d;
    hn::StoreU(hn::TruncateTo(d16, hn::ShiftRight<16>(hn::BitCast(du, value))), d16, out);
}

/// Prepares the blocks of a row from `i` on.
template <RowOperation kOperation, Numerics kNumerics, class D, class Out>
HWY_INLINE void PrepareBlocks(D d, const SourceRow& row, size_t i, LargestOfRow& largest, Out* out) {
    constexpr size_t kVectors = BlockVectors<D>::kVectors;
    constexpr size_t kLanes = BlockVectors<D>::kLanes;
    hn::Vec<D> values[kVectors];
    for (size_t v = 0; v < kVectors; ++v) {
        values[v] = LoadOperand<kOperation>(d, row, i + v * kLanes);
        largest.include(d, values[v]);
    }
    if constexpr (kNumerics == Numerics::bfp16) RoundToBlock(d, values, row.spec.rounding);
    for (size_t v = 0; v < kVectors; ++v) {
        if constexpr (kNumerics == Numerics::bf16) values[v] = RoundToBf16(d, values[v]);
        StoreOperand(d, values[v], out + i + v * kLanes);
    }
}

template <RowOperation kOperation, Numerics kNumerics, class Out>
bool PrepareRow(const float* x, size_t k, const RowPreparation& spec, Out* out) {
    SourceRow row{x, spec, {}};
    if constexpr (kOperation == RowOperation::layer_norm) row.moments = RowMoments(x, k);
    LargestOfRow largest;
    ForBlocks(
        k, [&](auto d, size_t i) HWY_ATTR { PrepareBlocks<kOperation, kNumerics>(d, row, i, largest, out); });
    // Bits of the smallest magnitude that is refused: for BFP16, one that RoundToBlock cannot place.
    constexpr int32_t kInfinity = 255 << 23;
    constexpr int32_t kLimit =
        kNumerics == Numerics::bfp16 ? static_cast<int32_t>(bfp16::kMagnitudeLimitBits) : kInfinity;
    return largest.bits() < kLimit;
}

template <RowOperation kOperation, Numerics kNumerics, class Out>
size_t PrepareAll(MatrixView<const float> x, const RowPreparation& spec, MatrixView<Out> out) {
    size_t bad = x.rows;
    for (size_t r = 0; r < x.rows; ++r) {
        if (!PrepareRow<kOperation, kNumerics>(x.row(r), x.cols, spec, out.row(r)) && bad == x.rows) bad = r;
    }
    return bad;
}

template <RowOperation kOperation, class Out>
size_t PrepareFor(MatrixView<const float> x, const RowPreparation& spec, MatrixView<Out> out) {
    switch (spec.numerics) {
        case Numerics::bfp16:
            return PrepareAll<kOperation, Numerics::bfp16>(x, spec, out);
        case Numerics::bf16:
            return PrepareAll<kOperation, Numerics::bf16>(x, spec, out);
        case Numerics::f32:
            break;
    }
    return PrepareAll<kOperation, Numerics::f32>(x, spec, out);
}

template <class Out>
size_t Prepare(MatrixView<const float> x, const RowPreparation& spec, MatrixView<Out> out) {
    switch (spec.operation) {
        case RowOperation::layer_norm:
            return PrepareFor<RowOperation::layer_norm>(x, spec, out);
        case RowOperation::gelu:
            return PrepareFor<RowOperation::gelu>(x, spec, out);
        case RowOperation::none:
            break;
    }
    return PrepareFor<RowOperation::none>(x, spec, out);
}

size_t PrepareBf16(MatrixView<const float> x, const RowPreparation& spec, MatrixView<uint16_t> out) {
    return Prepare(x, spec, out);
}

size_t PrepareF32(MatrixView<const float> x, const RowPreparation& spec, MatrixView<float> out) {
    return Prepare(x, spec, out);
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(PrepareBf16);
HWY_EXPORT(PrepareF32);

std::optional<size_t> prepare_bf16(MatrixView<const float> x, const RowPreparation& spec,
                                   MatrixView<uint16_t> out) {
    init_isa();
    const size_t bad = HWY_DYNAMIC_DISPATCH(PrepareBf16)(x, spec, out);
    return bad == x.rows ? std::nullopt : std::optional(bad);
}

std::optional<size_t> prepare_f32(MatrixView<const float> x, const RowPreparation& spec,
                                  MatrixView<float> out) {
    init_isa();
    const size_t bad = HWY_DYNAMIC_DISPATCH(PrepareF32)(x, spec, out);
    return bad == x.rows ? std::nullopt : std::optional(bad);
}

void layer_norm(MatrixView<const float> x, const float* weight, const float* bias, MatrixView<float> out) {
    prepare_f32(x, {RowOperation::layer_norm, weight, bias, Numerics::f32, {}}, out);
}

void gelu(MatrixView<float> x) {
    prepare_f32(x, {RowOperation::gelu, nullptr, nullptr, Numerics::f32, {}}, x);
}

}  // namespace npuscribe::simd
#endif
