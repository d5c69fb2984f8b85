#include <cstdint>
#include <random>
#include <vector>

#include "catch.h"
#include "operands.h"

using namespace npuscribe;
using kernels::HostKernel;

namespace {

// A is stored [row][k] in its subtiles, B [k][column].
int8_t a_at(const test::Tile<int8_t>& a, size_t depth, size_t row, size_t k) {
    return a[(row / 8 * (depth / 8) + k / 8) * 64 + row % 8 * 8 + k % 8];
}
int8_t b_at(const test::Tile<int8_t>& b, size_t depth, size_t col, size_t k) {
    return b[(col / 8 * (depth / 8) + k / 8) * 64 + k % 8 * 8 + col % 8];
}

template <class Fill>
void check_exact(const HostKernel& kernel, size_t tiles_of_k, Fill&& fill) {
    std::vector<int64_t> expected(kernel.m * kernel.n);
    auto c = test::sums_of<int32_t>(kernel, -1);
    kernel.int8.init(c.data());
    for (size_t tile = 0; tile < tiles_of_k; ++tile) {
        test::Tile<int8_t> a(kernel.m * kernel.k), b(kernel.n * kernel.k);
        for (auto& value : a) value = fill();
        for (auto& value : b) value = fill();
        kernel.int8.multiply(a.data(), b.data(), c.data());
        for (size_t i = 0; i < kernel.m; ++i) {
            for (size_t j = 0; j < kernel.n; ++j) {
                for (size_t k = 0; k < kernel.k; ++k) {
                    expected[i * kernel.n + j] += a_at(a, kernel.k, i, k) * b_at(b, kernel.k, j, k);
                }
            }
        }
    }
    size_t wrong = 0;
    for (size_t i = 0; i < kernel.m; ++i) {
        for (size_t j = 0; j < kernel.n; ++j) {
            if (test::at(c, kernel.m, i, j) != expected[i * kernel.n + j]) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

template <class F>
void for_each_kernel(F&& check) {
    size_t seen = 0;
    for (const auto& kernel : kernels::host_kernels()) {
        if (kernel.kernel != "int8" || !test::runs_here(kernel)) continue;
        INFO("tile " << kernel.m << " x " << kernel.k << " x " << kernel.n << ", " << kernel.cpu);
        check(kernel);
        ++seen;
    }
    CHECK(seen > 0);
}

}  // namespace

TEST_CASE("int8: sums are exact") {
    std::mt19937 random(5);
    for_each_kernel([&](const HostKernel& kernel) {
        check_exact(kernel, 3, [&] { return static_cast<int8_t>(random()); });
    });
}

TEST_CASE("int8: the largest sums that a Whisper model can need are exact") {
    // 5,120 products of (-128) x (-128): FC2 of the large models.
    for_each_kernel(
        [](const HostKernel& kernel) { check_exact(kernel, 5120 / kernel.k, [] { return int8_t{-128}; }); });
}
