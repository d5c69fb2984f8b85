// SPDX-License-Identifier: MIT
#pragma once
// GELU in its erf form, x·Φ(x), of a core's f32 sums, in operations that a core has: products of bfloat16
// that are added up in f32, and 2^x to bfloat16.
//
// With t = |x|: x·Φ(x) = max(x, 0) − t·Φ(−t), and Φ(−t) = 2^S(t), where S(t) = log2 Φ(−t) is smooth: a
// polynomial of degree 5 without its constant term, S(t) = −1 + t·(b1 + t·(b2 + …)), is within 2.6e-4 of it
// up to t = 4, fitted so that the error of Φ, not that of S, is level. A bfloat16 has 8 bits, too few for t
// and for the two sums that count most; each of these is a pair, high + low, whose products leave out
// low · low. What is left is the rounding of 2^S to 8 bits.
//
// Against double erf (tests/kernels/gelu_test.cpp measures it): the absolute error is at most 6.7e-4, and
// relative to x·Φ(x) it is at most 0.0057 from x = −3 on and 0.013 from −5 on. A tanh form is off by 4.7e-4
// with exact arithmetic, and by far more relative to the small values of a block of negative ones.

#include "capabilities.h"

namespace npuscribe_gelu {
// Of this translation unit alone: the host links kernels of several tiles and CPUs into one program.
namespace {

using Floats = aie::vector<float, 16>;
using Halves = aie::vector<bfloat16, 16>;
using Sum = aie::accum<accfloat, 16>;

// Coefficients of S. The innermost is a factor of a product, so it is a bfloat16.
constexpr float kB1 = -1.1487113F, kB2 = -0.46599589F, kB3 = -0.046618756F, kB4 = 0.0053218464F,
                kB5 = -0.000268936157F;
// From here on 2^S is 0 in bfloat16, and the polynomial stays in f32's range.
constexpr float kLargest = 16.0F;

struct Pair {
    Halves high, low;
};

inline __attribute__((always_inline)) Pair split(const Sum& sum) {
    const Halves high = sum.template to_vector<bfloat16>();
    return {high,
            aie::msc(sum, high, aie::broadcast<bfloat16, 16>(bfloat16(1.0F))).template to_vector<bfloat16>()};
}

/// start + q·t, but for the product of the low parts.
inline __attribute__((always_inline)) Sum step(float start, const Pair& q, const Pair& t) {
    Sum sum(aie::broadcast<float, 16>(start));
    sum = aie::mac(sum, q.high, t.high);
    sum = aie::mac(sum, q.low, t.high);
    return aie::mac(sum, q.high, t.low);
}

inline __attribute__((always_inline)) Floats gelu(const Floats& x) {
    const Pair t = split(Sum(aie::min(aie::abs(x), aie::broadcast<float, 16>(kLargest))));
    Halves q = aie::broadcast<bfloat16, 16>(bfloat16(kB5));
    q = aie::mac(Sum(aie::broadcast<float, 16>(kB4)), q, t.high).template to_vector<bfloat16>();
    q = aie::mac(Sum(aie::broadcast<float, 16>(kB3)), q, t.high).template to_vector<bfloat16>();
    Sum sum = aie::mac(Sum(aie::broadcast<float, 16>(kB2)), q, t.high);
    sum = aie::mac(sum, q, t.low);
    sum = step(kB1, split(sum), t);
    sum = step(-1.0F, split(sum), t);
    const Halves tail = aie::exp2<bfloat16>(sum.template to_vector<float>());
    Sum result(aie::max(x, aie::zeros<float, 16>()));
    result = aie::msc(result, tail, t.high);
    return aie::msc(result, tail, t.low).template to_vector<float>();
}

}  // namespace
}  // namespace npuscribe_gelu
