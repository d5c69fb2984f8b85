#include "simd/matmul/int8_matmul.h"

#include <random>
#include <vector>

#include "catch.h"
#include "needs.h"
#include "simd/isa.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

std::vector<int8_t> random_bytes(size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_int_distribution<int> any(-128, 127);
    std::vector<int8_t> bytes(count);
    for (auto& byte : bytes) byte = static_cast<int8_t>(any(generator));
    return bytes;
}

void check_product_of_bytes(const std::vector<int8_t>& x, const std::vector<int8_t>& w, size_t m, size_t n,
                            size_t k) {
    const simd::Int8Panels panels({w.data(), n, k});
    std::vector<int32_t> sums(m * n, 7);
    std::vector<int16_t> scratch(simd::int8_matmul_scratch(m, k));
    simd::multiply_int8({x.data(), m, k}, panels, {sums.data(), m, n}, scratch.data());
    for (size_t r = 0; r < m; ++r) {
        for (size_t c = 0; c < n; ++c) {
            int32_t sum = 0;
            for (size_t i = 0; i < k; ++i) sum += int32_t{x[r * k + i]} * int32_t{w[c * k + i]};
            REQUIRE(sums[r * n + c] == sum);
        }
    }
}

}  // namespace

TEST_CASE("a product of 8-bit integers is exact", "[needs-avx2]") {
    need_avx2(simd::isa() >= simd::Isa::avx2);
    // Rows in sixes and fewer; columns that fill lane blocks and that do not; K in one part and in several.
    const auto [m, n, k] = GENERATE(table<size_t, size_t, size_t>(
        {{1, 8, 8}, {2, 16, 24}, {9, 40, 512}, {4, 24, 520}, {64, 32, 64}, {17, 16, 1544}}));
    check_product_of_bytes(random_bytes(m * k, 1), random_bytes(n * k, 2), m, n, k);
}

TEST_CASE("the largest products of 8-bit integers do not saturate", "[needs-avx2]") {
    need_avx2(simd::isa() >= simd::Isa::avx2);
    const auto x = GENERATE(int8_t{-128}, int8_t{127}), w = GENERATE(int8_t{-128}, int8_t{127});
    const size_t m = 3, n = 8, k = 4096;
    check_product_of_bytes(std::vector<int8_t>(m * k, x), std::vector<int8_t>(n * k, w), m, n, k);
}
