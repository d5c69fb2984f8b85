#pragma once
// GELU from a table, in two thirds of the instructions of math-inl.h's polynomial. Include inside a target
// region with avx512f and avx512dq. Private to lib/simd.

#include <immintrin.h>

#include <cmath>
#include <cstddef>

namespace npuscribe::simd {

/// gelu(x) = max(x, 0) − |x|·q(|x|), where q(u) = ½·erfc(u/√2) and u·q(u) is below 1e-6 from u = 5.08 on.
/// Column i holds a cubic of q around i/6 in 6u − i: its Taylor series of degree 4, whose last term is
/// replaced by what is left of it without its part of the Chebyshev polynomial T4.
struct GeluTable {
    static constexpr size_t kParts = 32;
    static constexpr double kPartsPerUnit = 6;

    GeluTable() {
        constexpr double kHalf = 0.5, kHalfSquared = kHalf * kHalf;  // of a part, in parts
        for (size_t i = 0; i + 1 < kParts; ++i) {                    // the last stays zero
            const double u = static_cast<double>(i) / kPartsPerUnit, square = u * u;
            const double density = std::exp(-square / 2) / std::sqrt(2 * M_PI);
            const double series[5] = {std::erfc(u / std::sqrt(2.0)) / 2, -density, density * u / 2,
                                      density * (1 - square) / 6, density * u * (square - 3) / 24};
            double scaled[5], scale = 1;
            for (size_t power = 0; power < 5; ++power, scale /= kPartsPerUnit)
                scaled[power] = series[power] * scale;
            scaled[0] -= scaled[4] * kHalfSquared * kHalfSquared / 8;
            scaled[2] += scaled[4] * kHalfSquared;
            for (size_t power = 0; power < 4; ++power)
                coefficients[power][i] = static_cast<float>(scaled[power]);
        }
    }

    alignas(64) float coefficients[4][kParts] = {};
};

/// x·½·(1 + erf(x/√2)), absolute error below 2e-6; x where it is large, 0 where it is very negative.
inline __m512 gelu(__m512 x, const GeluTable& table) {
    const auto coefficient = [&table](size_t power, __m512i part) {
        const float* of_power = table.coefficients[power];
        return _mm512_permutex2var_ps(_mm512_load_ps(of_power), part, _mm512_load_ps(of_power + 16));
    };
    constexpr auto kScale = static_cast<float>(GeluTable::kPartsPerUnit);
    const __m512 most = _mm512_set1_ps((GeluTable::kParts - 1) / kScale);
    const __m512 u = _mm512_min_ps(_mm512_abs_ps(x), most);
    const __m512 magic = _mm512_set1_ps(0x1.8p23F);  // adding it rounds to an integer, in the low bits
    const __m512 sum = _mm512_fmadd_ps(u, _mm512_set1_ps(kScale), magic);
    const __m512i part = _mm512_castps_si512(sum);  // of which the table look-up reads 5 bits
    const __m512 rest = _mm512_fmsub_ps(u, _mm512_set1_ps(kScale), _mm512_sub_ps(sum, magic));
    __m512 q = coefficient(3, part);
    q = _mm512_fmadd_ps(q, rest, coefficient(2, part));
    q = _mm512_fmadd_ps(q, rest, coefficient(1, part));
    q = _mm512_fmadd_ps(q, rest, coefficient(0, part));
    const __m512 positive = _mm512_max_ps(_mm512_setzero_ps(), x);  // the second operand, where one is NaN
    return _mm512_fnmadd_ps(u, q, positive);
}

}  // namespace npuscribe::simd
