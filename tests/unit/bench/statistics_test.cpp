#include "bench/statistics.h"

#include <array>
#include <cmath>
#include <limits>

#include "bench/result.h"
#include "catch.h"

using namespace npuscribe;
using namespace npuscribe::bench;
using test::Approx;

TEST_CASE("percentiles are interpolated as in numpy", "[bench]") {
    // numpy.percentile(range(1, 11), [50, 95, 99]) and ([15, 20, 35, 40, 50], 40)
    std::vector<double> ten = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    CHECK(percentile(ten, 50) == Approx(5.5));
    CHECK(percentile(ten, 95) == Approx(9.55));
    CHECK(percentile(ten, 99) == Approx(9.91));
    CHECK(percentile({15, 20, 35, 40, 50}, 40) == Approx(29));
    CHECK(percentile(ten, 0) == 1);
    CHECK(percentile(ten, 100) == 10);
    CHECK(percentile({7}, 99) == 7);
}

TEST_CASE("a summary does not depend on the order of the runs", "[bench]") {
    const Summary summary = summarise({3, 1, 10, 2});
    CHECK(summary.count == 4);
    CHECK(summary.mean == 4);
    CHECK(summary.min == 1);
    CHECK(summary.max == 10);
    CHECK(summary.p50 == 2.5);
    CHECK(median({9, 1, 5}) == 5);
}

TEST_CASE("distance distinguishes direction from size", "[bench]") {
    // |(3,4)| = 5; twice as long is no turn, but as far away as it is long
    const std::array<float, 2> reference = {3, 4};
    const std::array<float, 2> doubled = {6, 8};
    const Distance same_direction = distance({reference.data(), 1, 2}, {doubled.data(), 1, 2});
    CHECK(same_direction.cosine == Approx(1));
    CHECK(same_direction.relative_l2 == Approx(1));

    // (4,3) against (3,4): product 24, cosine 24/25, difference (1,−1)
    const std::array<float, 2> turned = {4, 3};
    const Distance other = distance({reference.data(), 1, 2}, {turned.data(), 1, 2});
    CHECK(other.cosine == Approx(0.96));
    CHECK(other.relative_l2 == Approx(std::sqrt(2.0) / 5));
    CHECK(other.difference_squared == Approx(2));
}

TEST_CASE("one outlier does not change the median row", "[bench]") {
    // three rows of length 1; the second is off by 100, the others by 0.1 and 0.2
    const std::array<float, 6> reference = {1, 0, 1, 0, 1, 0};
    const std::array<float, 6> y = {1.1F, 0, 101, 0, 1.2F, 0};
    const Distance d = distance({reference.data(), 3, 2}, {y.data(), 3, 2});
    CHECK(d.median_row_l2 == Approx(0.2).epsilon(1e-5));
    CHECK(d.relative_l2 > 50);
}

TEST_CASE("a criterion passes strictly below its limit, or from its limit on", "[bench]") {
    const auto outcome = [](Relation relation, std::optional<double> got) {
        return Criterion{"p50", relation, 15, got, "ms", Origin::measured}.outcome();
    };
    CHECK(outcome(Relation::below, 14.99) == Outcome::pass);
    CHECK(outcome(Relation::below, 15) == Outcome::fail);
    CHECK(outcome(Relation::at_least, 15) == Outcome::pass);
    CHECK(outcome(Relation::at_least, 14.99) == Outcome::fail);
}

TEST_CASE("a criterion without a value, or with NaN, never passes", "[bench]") {
    const Criterion unmeasured{"power", Relation::below, 15, std::nullopt, "W", Origin::measured};
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(unmeasured.outcome() == Outcome::not_measured);
    CHECK(Criterion{"", Relation::below, 15, nan, "", Origin::measured}.outcome() == Outcome::fail);
    CHECK(Criterion{"", Relation::at_least, 15, nan, "", Origin::measured}.outcome() == Outcome::fail);

    Result result;
    CHECK(result.all_met());
    result.criteria = {{"p50", Relation::below, 15, 3.0, "ms", Origin::measured}};
    CHECK(result.all_met());
    result.criteria.push_back(unmeasured);
    CHECK_FALSE(result.all_met());
}
