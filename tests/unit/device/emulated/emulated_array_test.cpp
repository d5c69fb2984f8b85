#include "device/emulated/emulated_array.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"

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
        std::vector<float> c(gemm.m * gemm.n);
        const auto done = array::run(Plan::built_in(), gemm, a, b,
                                     {reinterpret_cast<uint8_t*>(c.data()), gemm.c_bytes()}, pool);
        if (traffic != nullptr) *traffic = done;
        return c;
    }
};

Gemm gemm(Kernel kernel, size_t m, size_t k, size_t n) {
    const Plan& plan = Plan::built_in();
    return plan.gemm(plan.program_for(kernel, k), m, k, n);
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
    std::vector<int32_t> c(g.m * g.n);
    ThreadPool pool(2);
    array::run(Plan::built_in(), g, a, b, {reinterpret_cast<uint8_t*>(c.data()), g.c_bytes()}, pool);

    // A's tiles are 64 x 64 of 8 x 8 subtiles, [row][k]; B's the same of [k][column].
    const auto byte = [&](const std::vector<uint8_t>& from, size_t row, size_t l, bool k_major) {
        const size_t tile = row / 64 * (g.k / 64) + l / 64;
        const size_t subtile = row % 64 / 8 * 8 + l % 64 / 8;
        const size_t within = k_major ? l % 8 * 8 + row % 8 : row % 8 * 8 + l % 8;
        return static_cast<int8_t>(from[tile * 4096 + subtile * 64 + within]);
    };
    size_t wrong = 0;
    for (size_t i = 0; i < g.m; i += 5) {
        for (size_t j = 0; j < g.n; j += 11) {
            int32_t sum = 0;
            for (size_t l = 0; l < g.k; ++l) sum += byte(a, i, l, false) * byte(b, j, l, true);
            if (c[i * g.n + j] != sum) ++wrong;
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
    const Bfp16Case test(gemm(Kernel::bfp16, 512, 512, 1024));  // 2 x 2 groups of 256 x 512
    ThreadPool pool(2);
    array::Traffic traffic;
    test.run(pool, &traffic);
    // Each group reads its 256 rows of A and its 512 rows of B, with eight tiles of bias.
    const uint64_t a = 256 * 576, b = 512 * 576 + 8 * 4608;
    CHECK(traffic.dram_read == 4 * (a + b));
    CHECK(traffic.dram_written == 512 * 1024 * 4);
    // Every core gets its own copy: A goes to eight columns, B to four rows.
    CHECK(traffic.core_read == 4 * (8 * a + 4 * b));
    CHECK(traffic.core_written == 512 * 1024 * 4);
    CHECK(traffic.macs == 512ULL * 512 * 1024);
    CHECK(traffic.kernel_calls == 4 * 32 * 8);
}

TEST_CASE("buffers of the wrong size are refused") {
    const Gemm g = gemm(Kernel::bfp16, 256, 512, 512);
    std::vector<uint8_t> a(g.a_bytes()), b(g.b_bytes() - 1), c(g.c_bytes());
    ThreadPool pool(1);
    CHECK(test::contains(
        test::message_of<DeviceError>([&] { array::run(Plan::built_in(), g, a, b, c, pool); }), "B has"));
}
