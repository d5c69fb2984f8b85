#include "device/emulated/emulated_array.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "device/array/array_results.h"

using namespace npuscribe;
using array::Gemm;
using array::Kernel;
using array::Plan;

namespace {

std::vector<float> random_values(size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    return values;
}

/// A bfp16 matmul: the bytes for the array, and the values that they encode.
struct Bfp16Case {
    Gemm gemm;
    std::vector<uint8_t> a, b;
    std::vector<float> x, w, bias;

    explicit Bfp16Case(const Gemm& gemm_)
        : gemm(gemm_),
          a(gemm.a_bytes()),
          b(gemm.b_bytes()),
          x(random_values(gemm.m * gemm.k, 1)),
          w(random_values(gemm.n * gemm.k, 2)),
          bias(random_values(gemm.n, 3)) {
        lay_out(x, gemm.m, gemm.a_layout(), a);
        const auto layout = gemm.b_layout();
        lay_out(w, gemm.n, layout, b);
        for (size_t tile = 0; tile < layout.row_tiles(); ++tile) {
            std::memcpy(b.data() + tile * layout.row_tile_bytes(), bias.data() + tile * layout.tile_rows,
                        layout.tile_rows * sizeof(float));
        }
    }

    void lay_out(std::vector<float>& values, size_t rows, const bfp16::TileLayout& layout,
                 std::vector<uint8_t>& bytes) const {
        const auto blocks = bfp16::quantise({values.data(), rows, gemm.k}, bfp16::Rounding::nearest_even);
        bfp16::dequantise(blocks, {values.data(), rows, gemm.k});
        bfp16::shuffle(blocks, layout, bytes);
    }

    std::vector<float> run(ThreadPool& pool, array::Traffic* traffic = nullptr) const {
        std::vector<uint8_t> bytes(gemm.c_bytes());
        const auto done = array::run(Plan::built_in(), gemm, a, b, bytes, pool);
        if (traffic != nullptr) *traffic = done;
        std::vector<float> c(gemm.m * gemm.n);
        simd::take_results(bytes, array::result_layout(gemm), 0, false, {c.data(), gemm.m, gemm.n});
        return c;
    }
};

Gemm gemm(Kernel kernel, size_t m, size_t k, size_t n, array::Result result = array::Result::sums) {
    const Plan& plan = Plan::built_in();
    return plan.gemm(plan.program_for(kernel, k), m, k, n, result);
}

}  // namespace

TEST_CASE("the array's bfp16 matmul equals one in double precision, except for its f32 sums") {
    const auto [k, n] = GENERATE(table<size_t, size_t>({{384, 384}, {512, 1024}, {768, 768}, {1280, 640}}));
    const Bfp16Case test(gemm(Kernel::bfp16, 256, k, n));
    ThreadPool pool(2);
    const auto c = test.run(pool);
    double error = 0, norm = 0;
    for (size_t i = 0; i < test.gemm.m; i += 3) {
        for (size_t j = 0; j < test.gemm.n; j += 7) {
            double sum = test.bias[j];
            for (size_t l = 0; l < k; ++l) sum += static_cast<double>(test.x[i * k + l]) * test.w[j * k + l];
            error += std::pow(c[i * test.gemm.n + j] - sum, 2);
            norm += sum * sum;
        }
    }
    CHECK(std::sqrt(error / norm) < 1e-6);
}

TEST_CASE("the array's int8 matmul is exact") {
    const Gemm g = gemm(Kernel::int8, 512, 512, 1024);
    std::mt19937 random(4);
    std::vector<uint8_t> a(g.a_bytes()), b(g.b_bytes());
    for (auto& value : a) value = static_cast<uint8_t>(random());
    for (auto& value : b) value = static_cast<uint8_t>(random());
    std::vector<uint8_t> c(g.c_bytes());
    ThreadPool pool(2);
    array::run(Plan::built_in(), g, a, b, c, pool);
    const auto layout = array::result_layout(g);

    // A's tiles are 128 x 32 of 8 x 8 subtiles, [row][k]; B's 64 x 32 of [k][column].
    const auto byte = [&](const std::vector<uint8_t>& from, size_t row, size_t l, bool k_major) {
        const size_t height = k_major ? 64 : 128;
        const size_t tile = row / height * (g.k / 32) + l / 32;
        const size_t subtile = row % height / 8 * 4 + l % 32 / 8;
        const size_t within = k_major ? l % 8 * 8 + row % 8 : row % 8 * 8 + l % 8;
        return static_cast<int8_t>(from[tile * height * 32 + subtile * 64 + within]);
    };
    size_t wrong = 0;
    for (size_t i = 0; i < g.m; i += 5) {
        for (size_t j = 0; j < g.n; j += 11) {
            int32_t sum = 0;
            for (size_t l = 0; l < g.k; ++l) sum += byte(a, i, l, false) * byte(b, j, l, true);
            int32_t got = 0;
            std::memcpy(&got, c.data() + layout.offset(i, j), sizeof got);
            if (got != sum) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("the result does not depend on the number of threads") {
    const Bfp16Case test(gemm(Kernel::bfp16, 512, 512, 512));
    ThreadPool one(1), three(3);
    CHECK(test.run(one) == test.run(three));
}

TEST_CASE("the array moves as many bytes as the plan says") {
    const Bfp16Case test(gemm(Kernel::bfp16, 1024, 512, 1024));  // 2 x 2 groups of 512 x 512
    ThreadPool pool(2);
    array::Traffic traffic;
    test.run(pool, &traffic);
    // Each group reads its 512 rows of A and its 512 rows of B, with eight tiles of bias. A tile of C is
    // eleven pieces.
    const uint64_t a = 512 * 576, b = 512 * 576 + 8 * 2304;
    CHECK(traffic.dram_read == 4 * (a + b));
    CHECK(traffic.dram_written == 8 * 16 * 11 * 3072);
    // Every core gets its own copy: A goes to eight columns, B to four rows.
    CHECK(traffic.core_read == 4 * (8 * a + 4 * b));
    CHECK(traffic.core_written == traffic.dram_written);
    CHECK(traffic.macs == 1024ULL * 512 * 1024);
    CHECK(traffic.kernel_calls == 4 * 32 * 16);
}

TEST_CASE("the array's bfloat16 result is its f32 result, rounded") {
    ThreadPool pool(2);
    const auto sums = Bfp16Case(gemm(Kernel::bfp16, 512, 384, 384)).run(pool);
    const auto rounded = Bfp16Case(gemm(Kernel::bfp16, 512, 384, 384, array::Result::bf16)).run(pool);
    size_t wrong = 0;
    for (size_t i = 0; i < sums.size(); ++i) {
        // Half a unit of eight bits.
        if (std::fabs(static_cast<double>(rounded[i]) - sums[i]) > std::ldexp(std::fabs(sums[i]), -8))
            ++wrong;
        if (std::bit_cast<uint32_t>(rounded[i]) << 16 != 0) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a result in BFP16 after GELU is the A of the product after it, in every Whisper size") {
    const size_t state = GENERATE(384, 512, 768, 1280);
    const Bfp16Case test(gemm(Kernel::bfp16, 512, state, 4 * state, array::Result::gelu_bfp16));
    ThreadPool pool(2);
    std::vector<uint8_t> c(test.gemm.c_bytes());
    array::run(Plan::built_in(), test.gemm, test.a, test.b, c, pool);
    const Gemm next = gemm(Kernel::bfp16, 512, 4 * state, state);
    REQUIRE(test.gemm.feeds(next));
    REQUIRE(c.size() == next.a_bytes());
    // The same by way of the f32 sums and the erf form.
    Bfp16Case plain = test;
    plain.gemm.result = array::Result::sums;
    auto values = plain.run(pool);
    for (float& value : values) value = static_cast<float>(value / 2 * std::erfc(-value / std::sqrt(2.0)));
    const auto wanted = bfp16::quantise({values.data(), next.m, next.k}, bfp16::Rounding::nearest_even);
    std::vector<uint8_t> got(wanted.size());
    bfp16::unshuffle(c, next.a_layout(), got);
    std::vector<float> a(values.size()), b(values.size());
    bfp16::dequantise(wanted, {a.data(), next.m, next.k});
    bfp16::dequantise(got, {b.data(), next.m, next.k});
    double worst = 0;
    for (size_t block = 0; block < wanted.size() / 9; ++block) {
        if (wanted[9 * block] < 127 - 9) continue;
        const double unit = bfp16::mantissa_unit(std::max(wanted[9 * block], got[9 * block]));
        for (size_t i = 8 * block; i < 8 * block + 8; ++i)
            worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - b[i]) / unit);
    }
    CHECK(worst <= 1);
    CHECK(worst > 0);
}

TEST_CASE("buffers of the wrong size are refused") {
    const Gemm g = gemm(Kernel::bfp16, 256, 512, 512);
    std::vector<uint8_t> a(g.a_bytes()), b(g.b_bytes() - 1), c(g.c_bytes());
    ThreadPool pool(1);
    CHECK(test::contains(
        test::message_of<DeviceError>([&] { array::run(Plan::built_in(), g, a, b, c, pool); }), "B has"));
}
