// SPDX-License-Identifier: MIT
#pragma once
// aie::vector and its loads and stores: plain arrays, at addresses that the array could use.

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "misuse.hpp"
#include "rounding.hpp"

using int8 = std::int8_t;
using int32 = std::int32_t;

/// The upper half of an f32. From one, it rounds to nearest even.
struct bfloat16 {
    std::uint16_t bits;

    bfloat16() = default;
    explicit constexpr bfloat16(float value) : bits(rounded(std::bit_cast<std::uint32_t>(value))) {}
    operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

  private:
    static constexpr std::uint16_t rounded(std::uint32_t value) {
        if ((value & 0x7FFFFFFF) > 0x7F800000) return static_cast<std::uint16_t>(value >> 16 | 0x40);  // NaN
        return static_cast<std::uint16_t>((value + 0x7FFF + (value >> 16 & 1)) >> 16);
    }
};

namespace aie {
inline namespace NPUSCRIBE_HOST_ABI {

template <class T, unsigned kSize>
struct alignas(sizeof(T) * kSize < 64 ? sizeof(T) * kSize : 64) vector {
    using value_type = T;
    static constexpr unsigned size() { return kSize; }

    T lanes[kSize];
};

template <unsigned kSize, class T>
inline vector<T, kSize> load_v(const T* from) {
    host::check_aligned(from, sizeof(T) * kSize);
    vector<T, kSize> v;
    std::memcpy(v.lanes, from, sizeof v.lanes);
    return v;
}

template <class T, unsigned kSize>
inline void store_v(T* to, const vector<T, kSize>& v) {
    host::check_aligned(to, sizeof v.lanes);
    std::memcpy(to, v.lanes, sizeof v.lanes);
}

template <class T, unsigned kSize>
inline vector<T, kSize> zeros() {
    return vector<T, kSize>{};
}

template <class T, unsigned kSize>
inline vector<T, kSize> broadcast(T value) {
    vector<T, kSize> v;
    for (T& lane : v.lanes) lane = value;
    return v;
}

template <unsigned kSize>
inline vector<float, kSize> abs(const vector<float, kSize>& v) {
    vector<float, kSize> out;
    for (unsigned i = 0; i < kSize; ++i) out.lanes[i] = std::fabs(v.lanes[i]);
    return out;
}

template <unsigned kSize>
inline vector<float, kSize> min(const vector<float, kSize>& a, const vector<float, kSize>& b) {
    vector<float, kSize> out;
    for (unsigned i = 0; i < kSize; ++i) out.lanes[i] = a.lanes[i] < b.lanes[i] ? a.lanes[i] : b.lanes[i];
    return out;
}

template <unsigned kSize>
inline vector<float, kSize> max(const vector<float, kSize>& a, const vector<float, kSize>& b) {
    vector<float, kSize> out;
    for (unsigned i = 0; i < kSize; ++i) out.lanes[i] = a.lanes[i] > b.lanes[i] ? a.lanes[i] : b.lanes[i];
    return out;
}

namespace host {

/// A conversion from f32 rounds as the register says. The host has nearest even alone: a kernel that forgot
/// to ask for it gets NaN.
inline float unless_floored(float value) {
    return get_rounding() == rounding_mode::conv_even ? value : __builtin_nanf("");
}

/// 2^x in double: x split into a whole number and a rest of at most a half, whose power is Taylor's series.
/// 0 where the result is below the smallest normal f32.
inline double power_of_two(float x) {
    constexpr double kLn2 = 0.693147180559945309417;
    const double clamped = x < -200.0F ? -200.0 : x > 200.0F ? 200.0 : static_cast<double>(x);
    constexpr double kWhole = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to a whole number
    const double whole = (clamped + kWhole) - kWhole;
    const double y = (clamped - whole) * kLn2;
    double sum = 1;
    for (int i = 13; i > 0; --i) sum = 1 + sum * y / i;
    const double scale = std::bit_cast<double>(static_cast<std::int64_t>(whole + 1023) << 52);
    const double power = sum * scale;
    return power < 0x1p-126 ? 0 : power;
}

}  // namespace host

/// 2^x. What is left of the array's error here is the rounding to bfloat16: nobody has published its own.
template <class T, unsigned kSize>
inline vector<T, kSize> exp2(const vector<float, kSize>& v) {
    vector<T, kSize> out;
    for (unsigned i = 0; i < kSize; ++i)
        out.lanes[i] = T(host::unless_floored(static_cast<float>(host::power_of_two(v.lanes[i]))));
    return out;
}

template <class T, unsigned kSize, class... Rest>
inline vector<T, kSize*(1 + sizeof...(Rest))> concat(const vector<T, kSize>& first, const Rest&... rest) {
    vector<T, kSize*(1 + sizeof...(Rest))> all;
    T* to = all.lanes;
    const auto append = [&](const vector<T, kSize>& v) {
        std::memcpy(to, v.lanes, sizeof v.lanes);
        to += kSize;
    };
    append(first);
    (append(rest), ...);
    return all;
}

}  // namespace NPUSCRIBE_HOST_ABI
}  // namespace aie
