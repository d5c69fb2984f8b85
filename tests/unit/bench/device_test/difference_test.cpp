// The patterns by which the test of a device tells faults apart, on results that are made wrong on purpose.

#include "bench/device_test/difference.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/thread_pool.h"
#include "catch.h"
#include "device/cpu/cpu_device.h"

using namespace npuscribe;
using namespace npuscribe::device_test;

namespace {

constexpr array::Tile kTile{16, 64, 8};

Product product(Data data = Data::exact) {
    ThreadPool pool(1);
    const auto cpu = make_cpu_device({}, pool);
    return make_product(data, 32, 256, 24, 5, *cpu);
}

/// Exact for exact data, whose sums double precision holds.
double sum(const Product& p, size_t row, size_t col, size_t terms) {
    double total = p.bias[col];
    for (size_t i = 0; i < terms; ++i) total += static_cast<double>(p.x(row, i)) * p.w(col, i);
    return total;
}

}  // namespace

TEST_CASE("sums of exact data are exact in f32, in any order") {
    ThreadPool pool(1);
    const auto cpu = make_cpu_device({}, pool);
    for (const size_t k : {64, 384, 1280, 5120}) {
        const Product p = make_product(Data::exact, 8, k, 16, k, *cpu);
        for (size_t row = 0; row < p.m(); ++row) {
            for (size_t col = 0; col < p.n(); ++col) {
                REQUIRE(static_cast<double>(p.expected(row, col)) == sum(p, row, col, k));
                double magnitudes = std::fabs(p.bias[col]);
                for (size_t i = 0; i < k; ++i)
                    magnitudes += std::fabs(static_cast<double>(p.x(row, i)) * p.w(col, i));
                REQUIRE(magnitudes < 0x1p24 * 0x1p-14);  // units of x are 2^-5, of w 2^-9
            }
        }
    }
}

TEST_CASE("natural data may differ by the rounding of f32 sums and no more") {
    const Product p = product(Data::natural);
    Matrix got = p.expected;
    got.values[7] = std::nextafter(got.values[7], 10.0F);
    CHECK(compare(p.expected, got, p.allowed).none());
    got.values[7] += 2 * p.allowed.values[7];
    const Difference difference = compare(p.expected, got, p.allowed);
    CHECK(difference.count == 1);
    CHECK(difference.first_col == 7);
}

TEST_CASE("a wrong result is recognised by its pattern") {
    const Product p = product();
    Matrix got = p.expected;
    const auto pattern = [&](const std::optional<Matrix>& previous = {}) {
        return find_pattern(p, got, previous, kTile).pattern;
    };
    SECTION("NaN") {
        got.values[100] = std::numeric_limits<float>::quiet_NaN();
        CHECK(pattern() == Pattern::not_finite);
    }
    SECTION("zeros") {
        for (size_t i = 64; i < got.values.size(); ++i) got.values[i] = 0;
        CHECK(pattern() == Pattern::zeros);
    }
    SECTION("the result before") {
        Matrix before = p.expected;
        for (float& value : before.values) value = 1 - value;
        got = before;
        CHECK(pattern(before) == Pattern::previous);
        CHECK(pattern() == Pattern::other);
    }
    SECTION("no bias") {
        for (size_t i = 0; i < got.values.size(); ++i) got.values[i] -= p.bias[i % p.n()];
        CHECK(pattern() == Pattern::no_bias);
    }
    SECTION("three of four tiles of K") {
        for (size_t i = 0; i < got.values.size(); ++i)
            got.values[i] = static_cast<float>(sum(p, i / p.n(), i % p.n(), 3 * kTile.k));
        const Finding finding = find_pattern(p, got, {}, kTile);
        CHECK(finding.pattern == Pattern::partial_sum);
        CHECK(finding.k_tiles == 3);
    }
    SECTION("rows of a tile in another order") {
        for (size_t col = 0; col < p.n(); ++col) std::swap(got.values[col], got.values[8 * p.n() + col]);
        CHECK(pattern() == Pattern::permuted);
    }
    SECTION("sums of 8 bits") {
        for (float& value : got.values)
            value = std::bit_cast<float>(std::bit_cast<uint32_t>(value) & 0xFFFF0000U);
        CHECK(pattern() == Pattern::inexact);
    }
    SECTION("other signs") {
        for (float& value : got.values) value = -value;
        CHECK(pattern() == Pattern::other);
    }
}

TEST_CASE("wrong values are placed on the array") {
    const Product p = product();  // 2 x 3 tiles
    Matrix got = p.expected;
    got.values[20 * p.n() + 17] += 1;
    const auto wrong = wrong_by_tile(p, got, kTile);
    CHECK(wrong == std::vector<std::vector<size_t>>{{0, 0, 0}, {0, 0, 1}});
    CHECK(where_on_array(wrong, 4, 8) == "the core in row 1 of column 2");
    // On a smaller array, the third column of tiles is the first column's again.
    CHECK(where_on_array(wrong, 1, 2) == "the core in row 0 of column 0");
    CHECK(where_on_array({{1, 0}, {1, 0}}, 4, 8) == "cores of column 0");
    CHECK(where_on_array({{1, 1}, {1, 1}}, 2, 2) == "all cores");
}
