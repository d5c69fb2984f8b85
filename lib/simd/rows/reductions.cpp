#include "simd/rows/reductions.h"

#include <limits>

#include "simd/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rows/reductions.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuscribe::simd::HWY_NAMESPACE {

float RowMax(const float* HWY_RESTRICT x, size_t size) {
    const hn::ScalableTag<float> d;
    const size_t n = hn::Lanes(d);
    // Not hn::Max, which may prefer a NaN to a number.
    const auto larger = [](auto best, auto v) HWY_ATTR { return hn::IfThenElse(hn::Gt(v, best), v, best); };
    auto first = hn::Set(d, -std::numeric_limits<float>::infinity());
    auto second = first;
    size_t i = 0;
    for (; i + 2 * n <= size; i += 2 * n) {
        first = larger(first, hn::LoadU(d, x + i));
        second = larger(second, hn::LoadU(d, x + i + n));
    }
    float result = hn::GetLane(hn::MaxOfLanes(d, hn::Max(first, second)));
    for (; i < size; ++i) result = x[i] > result ? x[i] : result;
    return result;
}

double RowSumExp(const float* HWY_RESTRICT x, size_t size, float max, float scale) {
    const hn::ScalableTag<float> d;
    const size_t n = hn::Lanes(d);
    constexpr float kLog2E = 1.44269504F;
    const auto base = hn::Set(d, max);
    const auto factor = hn::Set(d, kLog2E * scale);
    const auto exponential = [&](auto v) HWY_ATTR { return Exp2(d, hn::Mul(hn::Sub(v, base), factor)); };
    auto first = hn::Zero(d);
    auto second = hn::Zero(d);
    auto numbers = hn::Eq(first, first);  // because Exp2 turns a NaN into 0
    size_t i = 0;
    for (; i + 2 * n <= size; i += 2 * n) {
        const auto a = hn::LoadU(d, x + i);
        const auto b = hn::LoadU(d, x + i + n);
        first = hn::Add(first, exponential(a));
        second = hn::Add(second, exponential(b));
        numbers = hn::And(numbers, hn::And(hn::Eq(a, a), hn::Eq(b, b)));
    }
    double sum = static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(first, second))));
    bool all_numbers = hn::AllTrue(d, numbers);
    for (; i < size; ++i) {
        sum += static_cast<double>(hn::GetLane(exponential(hn::Set(d, x[i]))));
        all_numbers = all_numbers && x[i] == x[i];
    }
    return all_numbers ? sum : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace npuscribe::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuscribe::simd {
HWY_EXPORT(RowMax);
HWY_EXPORT(RowSumExp);

float row_max(std::span<const float> values) {
    init_isa();
    return HWY_DYNAMIC_DISPATCH(RowMax)(values.data(), values.size());
}

double row_sum_exp(std::span<const float> values, float max, float scale) {
    init_isa();
    return HWY_DYNAMIC_DISPATCH(RowSumExp)(values.data(), values.size(), max, scale);
}

}  // namespace npuscribe::simd
#endif
