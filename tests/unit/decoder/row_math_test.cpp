// Expected values: the same sums in double precision, term by term, by the C library.
#include "decoder/row_math.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "catch.h"

using namespace npuscribe;
using test::Approx;

namespace {

std::vector<float> random_row(size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 4);
    std::vector<float> values(size);
    for (float& value : values) value = normal(random);
    return values;
}

}  // namespace

TEST_CASE("The largest logit is found in any place") {
    for (const size_t size : {1U, 15U, 16U, 17U, 1000U}) {
        for (const size_t place : {size_t{0}, size / 2, size - 1}) {
            auto values = random_row(size, 1);
            values[place] = 100;
            CHECK(row::max(values) == 100);
            CHECK(row::index_of(values, 100) == place);
        }
    }
    CHECK(row::max({}) == row::kMinusInfinity);
}

TEST_CASE("Log-sum-exp agrees with double precision, whatever the size and range") {
    for (const size_t size : {1U, 7U, 16U, 1501U, 51865U}) {
        const auto values = random_row(size, 2);
        double sum = 0;
        for (const float value : values) sum += std::exp(static_cast<double>(value));
        CHECK(row::log_sum_exp(values) == Approx(std::log(sum)).epsilon(1e-6));
    }
    // A range that overflows where the largest is not taken out first, and one in which the rest is lost.
    CHECK(row::log_sum_exp(std::vector<float>{1000, 1000}) == Approx(1000 + std::log(2.0)));
    CHECK(row::log_sum_exp(std::vector<float>{0, -200, row::kMinusInfinity}) == Approx(0).margin(1e-6));
    CHECK(row::log_sum_exp({}) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("Each exponential is right to six digits, or fewer if it hardly counts") {
    for (float x = 0; x > -80; x -= 0.37F) {
        const std::vector<float> one = {x};
        CHECK(row::sum_exp(one, 0) ==
              Approx(std::exp(static_cast<double>(x))).epsilon(3e-7 - 1e-7 * static_cast<double>(x)));
    }
}

TEST_CASE("The sum of a row with a NaN is NaN") {
    auto values = random_row(100, 3);
    values[50] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(row::sum_exp(values, 20)));
}

TEST_CASE("The top k of a row in two parts are the top k of the whole") {
    const auto values = random_row(2000, 4);
    std::vector<size_t> order(values.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] > values[b]; });
    std::vector<row::Ranked> best;
    const std::span<const float> all = values;
    row::top_k(all.first(700), 0, 6, best);
    row::top_k(all.subspan(700), 700, 6, best);
    REQUIRE(best.size() == 6);
    for (size_t i = 0; i < 6; ++i) CHECK(best[i].index == order[i]);
}

TEST_CASE("Among equal logits the first ranks first, and a forbidden one never ranks") {
    std::vector<row::Ranked> best;
    row::top_k(std::vector<float>{1, 3, 3, row::kMinusInfinity, 1}, 10, 5, best);
    REQUIRE(best.size() == 4);
    CHECK(best[0].index == 11);
    CHECK(best[1].index == 12);
    CHECK(best[2].index == 10);
    CHECK(best[3].index == 14);
}

TEST_CASE("Samples follow the distribution") {
    // Probabilities 1/2, 0, 1/4, 1/4: the running total passes a target of sum · u at these places.
    const std::vector<float> values = {std::log(2.0F), row::kMinusInfinity, 0, 0};
    const float largest = row::max(values);
    const double sum = row::sum_exp(values, largest);
    const auto at = [&](double u) { return row::index_at(values, largest, 1, u * sum); };
    CHECK(at(0) == 0);
    CHECK(at(0.49) == 0);
    CHECK(at(0.51) == 2);
    CHECK(at(0.74) == 2);
    CHECK(at(0.76) == 3);
    CHECK(at(0.9999999999) == 3);
    CHECK(at(1.1) == 3);  // a target that rounding has put past the end
}

TEST_CASE("A sample far to the right is found across blocks") {
    std::vector<float> values(5000, -50);
    values[4321] = 10;
    CHECK(row::index_at(values, 10, 1, 0.5) == 4321);
    std::fill(values.begin(), values.end(), row::kMinusInfinity);
    values[17] = 0;
    CHECK(row::index_at(values, 0, 1, 5.0) == 17);
}
