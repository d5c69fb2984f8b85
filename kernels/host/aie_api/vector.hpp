// SPDX-License-Identifier: MIT
#pragma once
// aie::vector and its loads and stores: plain arrays, at addresses that the array could use.

#include <cstdint>
#include <cstring>

#include "misuse.hpp"

using int8 = std::int8_t;
using int32 = std::int32_t;

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
