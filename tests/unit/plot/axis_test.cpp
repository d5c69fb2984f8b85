#include "plot/axis.h"

#include <limits>

#include "catch.h"

namespace npuscribe::plot {
namespace {

std::string labels(const Axis& axis, size_t wanted) {
    std::string out;
    for (const Tick& tick : ticks(axis, wanted)) out += (out.empty() ? "" : " ") + tick.label;
    return out;
}

}  // namespace

TEST_CASE("ticks are multiples of 1, 2 or 5 times a power of ten, inside the axis") {
    CHECK(labels({"", 0, 10, false}, 5) == "0 2 4 6 8 10");
    CHECK(labels({"", 0, 1, false}, 5) == "0.0 0.2 0.4 0.6 0.8 1.0");
    CHECK(labels({"", 33.7, 36.2, false}, 5) == "34.0 34.5 35.0 35.5 36.0");
    CHECK(labels({"", 0, 1e6, false}, 2) == "0 500000 1000000");
    CHECK(labels({"", -1, 1, false}, 4) == "-1.0 -0.5 0.0 0.5 1.0");
    CHECK(labels({"", 0, 0.003, false}, 3) == "0.000 0.001 0.002 0.003");
}

TEST_CASE("logarithmic ticks are powers of ten, with 2 and 5 in between on a short axis") {
    CHECK(labels({"", 1, 100, true}, 5) == "1 2 5 10 20 50 100");
    CHECK(labels({"", 0.5, 2, true}, 5) == "0.5 1 2");
    CHECK(labels({"", 1, 1e4, true}, 5) == "1 10 100 1000 10000");
}

TEST_CASE(
    "an axis that is not finite, or too narrow for its numbers, has no ticks rather than endless ones") {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    CHECK(labels({"", 0, kInfinity, false}, 5).empty());
    CHECK(labels({"", 0, std::numeric_limits<double>::quiet_NaN(), false}, 5).empty());
    CHECK(labels({"", 0, -1e300, false}, 5).empty());
    CHECK(labels({"", 1, kInfinity, true}, 5).empty());
    CHECK(labels({"", 0, 1, true}, 5).empty());
    CHECK(ticks({"", 1e18, 1e18 + 256, false}, 5).size() < 10);
}

TEST_CASE(
    "an axis places its ends at 0 and 1, and the geometric mean in the middle where it is logarithmic") {
    CHECK(Axis{"", 2, 4, false}.place(3) == test::Approx(0.5));
    const Axis axis{"", 1, 100, true};
    CHECK(axis.place(1) == test::Approx(0).margin(1e-12));
    CHECK(axis.place(10) == test::Approx(0.5));
    CHECK(axis.place(100) == test::Approx(1));
}

TEST_CASE("an axis from zero ends at a round number that is not below the largest value") {
    CHECK(from_zero("", 46).high == 50);
    CHECK(from_zero("", 50).high == 50);
    CHECK(from_zero("", 1641).high == 2000);
    CHECK(from_zero("", 0.07).high == test::Approx(0.08));
    CHECK(from_zero("", 0).high == 1);
}

}  // namespace npuscribe::plot
