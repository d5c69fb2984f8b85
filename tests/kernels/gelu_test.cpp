// How far the kernels' GELU is from the erf form in double precision. The bounds are those that gelu.h
// states.
#define NPUSCRIBE_HOST_ABI host_test
#define DIM_M 64
#define DIM_K 64
#define DIM_N 64
#include <algorithm>
#include <cmath>
#include <limits>

#include "aie2p/gelu.h"
#include "catch.h"

namespace {

double exact(double x) {
    return x / 2 * std::erfc(-x / std::sqrt(2.0));
}

float approximate(float x) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    return npuscribe_gelu::gelu(aie::broadcast<float, 16>(x)).lanes[0];
}

struct Errors {
    double absolute = 0, relative = 0;
};

Errors errors_between(double from, double to) {
    constexpr int kSteps = 40'000;
    Errors errors;
    for (int i = 0; i <= kSteps; ++i) {
        const auto x = static_cast<float>(from + (to - from) * i / kSteps);
        const double wanted = exact(x), error = std::fabs(approximate(x) - wanted);
        errors.absolute = std::max(errors.absolute, error);
        if (wanted != 0) errors.relative = std::max(errors.relative, error / std::fabs(wanted));
    }
    return errors;
}

}  // namespace

TEST_CASE("GELU on a core is within its bounds of double erf") {
    CHECK(errors_between(-12, 12).absolute <= 6.7e-4);
    CHECK(errors_between(1e-3, 12).relative <= 0.0057);
    CHECK(errors_between(-3, -1e-3).relative <= 0.0057);
    CHECK(errors_between(-5, -3).relative <= 0.013);
    // Below, next to nothing is left of x, and of the approximation.
    CHECK(errors_between(-1000, -5).absolute <= 2e-6);
}

TEST_CASE("the bounds tell the erf form from the tanh form") {
    double worst = 0;
    for (double x = -3; x < -2; x += 1e-3) {
        const double tanh =
            x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
        worst = std::max(worst, std::fabs(tanh - exact(x)) / std::fabs(exact(x)));
    }
    CHECK(worst > 0.0057);
}

TEST_CASE("GELU of large values is the value itself, or zero") {
    for (const float x : {20.0F, 1e30F, std::numeric_limits<float>::infinity()}) {
        CHECK(approximate(x) == x);
        CHECK(approximate(-x) == 0.0F);
    }
    CHECK(approximate(0.0F) == 0.0F);
}

TEST_CASE("a kernel that forgets to ask for rounding to nearest even gets no number") {
    aie::set_rounding(aie::rounding_mode::floor);
    CHECK(std::isnan(npuscribe_gelu::gelu(aie::broadcast<float, 16>(1.0F)).lanes[0]));
}
