#pragma once
// GELU from a table, in half the instructions of math-inl.h's polynomial. Private to lib/simd.

#include <immintrin.h>

#include <cmath>
#include <cstddef>

#include "simd/target.h"

namespace npuscribe::simd {

/// gelu(x) = max(x, 0) − |x|·q(|x|), where q(u) = ½·erfc(u/√2) and u·q(u) is below 1e-6 from u = 5.08 on.
/// Column i holds the coefficients of a cubic in u for u around i/6: q's Taylor series of degree 4 there,
/// less the Chebyshev polynomial T4 times what makes its degree 3.
struct GeluTable {
    static constexpr size_t kParts = 32;
    static constexpr double kPartsPerUnit = 6;

    GeluTable() {
        constexpr double kReach = 0.5 / kPartsPerUnit, kReachSquared = kReach * kReach;
        for (size_t i = 0; i + 1 < kParts; ++i) {  // the last stays zero
            const double u = static_cast<double>(i) / kPartsPerUnit, square = u * u;
            const double density = std::exp(-square / 2) / std::sqrt(2 * M_PI);
            const double fourth = density * u * (square - 3) / 24;
            const double a = std::erfc(u / std::sqrt(2.0)) / 2 - fourth * kReachSquared * kReachSquared / 8;
            const double b = -density;
            const double c = density * u / 2 + fourth * kReachSquared;
            const double d = density * (1 - square) / 6;
            // a + b·(x − u) + c·(x − u)² + d·(x − u)³ by powers of x.
            const double powers[4] = {a - u * (b - u * (c - u * d)), b - u * (2 * c - 3 * u * d),
                                      c - 3 * u * d, d};
            for (size_t power = 0; power < 4; ++power)
                coefficients[power][i] = static_cast<float>(powers[power]);
        }
    }

    alignas(64) float coefficients[4][kParts] = {};
};

}  // namespace npuscribe::simd

NPUSCRIBE_TARGET_BEGIN(NPUSCRIBE_AVX512)
namespace npuscribe::simd {

/// x·½·(1 + erf(x/√2)), absolute error below 2e-6; x if it is large, 0 if it is very negative.
inline __m512 gelu(__m512 x, const GeluTable& table) {
    const auto coefficient = [&table](size_t power, __m512i part) {
        const float* of_power = table.coefficients[power];
        return _mm512_permutex2var_ps(_mm512_load_ps(of_power), part, _mm512_load_ps(of_power + 16));
    };
    constexpr auto kScale = static_cast<float>(GeluTable::kPartsPerUnit);
    const __m512 most = _mm512_set1_ps((GeluTable::kParts - 1) / kScale);
    const __m512 u = _mm512_min_ps(_mm512_abs_ps(x), most);
    // Adding 1.5·2^23 rounds to an integer; the look-up reads its lowest 5 bits.
    const __m512i part =
        _mm512_castps_si512(_mm512_fmadd_ps(u, _mm512_set1_ps(kScale), _mm512_set1_ps(0x1.8p23F)));
    __m512 q = coefficient(3, part);
    q = _mm512_fmadd_ps(q, u, coefficient(2, part));
    q = _mm512_fmadd_ps(q, u, coefficient(1, part));
    q = _mm512_fmadd_ps(q, u, coefficient(0, part));
    const __m512 positive = _mm512_max_ps(_mm512_setzero_ps(), x);  // the second operand if one is NaN
    return _mm512_fnmadd_ps(u, q, positive);
}

}  // namespace npuscribe::simd
NPUSCRIBE_TARGET_END
