#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "catch.h"
#include "operands.h"

using namespace npuscribe;
using kernels::HostKernel;

namespace {

constexpr size_t kTilesOfK = 5;
constexpr double kRoundoff = 0x1p-24;

/// An operand of a few tiles of K: its bytes as the NPU gets them, and the values that they encode.
struct Operand {
    size_t rows, cols;
    test::Tile<uint8_t> bytes;
    std::vector<float> values;

    Operand(std::vector<float> source, size_t rows_, size_t tile_k)
        : rows(rows_), cols(source.size() / rows_) {
        const auto blocks = bfp16::quantise({source.data(), rows, cols}, bfp16::Rounding::nearest_even);
        values.resize(source.size());
        bfp16::dequantise(blocks, {values.data(), rows, cols});
        const bfp16::TileLayout layout{rows, cols, rows, tile_k, 0};
        bytes.resize(layout.bytes());
        bfp16::shuffle(blocks, layout, bytes);
    }
    const uint8_t* tile(size_t k_tile) const { return bytes.data() + k_tile * bytes.size() / kTilesOfK; }
};

struct Case {
    Operand a, b;
    std::vector<float> bias;

    explicit Case(const HostKernel& kernel)
        : a(test::random_values(kernel.m, kernel.k * kTilesOfK, 1), kernel.m, kernel.k),
          b(test::random_values(kernel.n, kernel.k * kTilesOfK, 2), kernel.n, kernel.k),
          bias(test::random_values(1, kernel.n, 3)) {}

    test::Tile<float> run(const HostKernel& kernel) const {
        test::Tile<uint8_t> header(b.bytes.size() / kTilesOfK);
        std::copy_n(reinterpret_cast<const uint8_t*>(bias.data()), bias.size() * sizeof(float),
                    header.begin());
        test::Tile<float> c(kernel.m * kernel.n, std::nanf(""));
        kernel.bfp16_init(header.data(), c.data());
        for (size_t k = 0; k < kTilesOfK; ++k) kernel.bfp16_multiply(a.tile(k), b.tile(k), c.data());
        return c;
    }
};

template <class F>
void for_each_kernel(F&& check) {
    size_t seen = 0;
    for (const auto& kernel : kernels::host_kernels()) {
        if (kernel.kernel != "bfp16" || !test::runs_here(kernel)) continue;
        INFO("tile " << kernel.m << " x " << kernel.k << " x " << kernel.n << ", " << kernel.cpu);
        check(kernel);
        ++seen;
    }
    CHECK(seen > 0);
}

}  // namespace

TEST_CASE("bfp16: a tile of C equals bias + A Bt in double precision, except for its f32 sums") {
    for_each_kernel([](const HostKernel& kernel) {
        const Case test(kernel);
        const auto c = test.run(kernel);
        double error = 0, norm = 0, worst = 0;
        for (size_t i = 0; i < kernel.m; ++i) {
            for (size_t j = 0; j < kernel.n; ++j) {
                double sum = test.bias[j], magnitude = std::fabs(test.bias[j]);
                for (size_t k = 0; k < test.a.cols; ++k) {
                    const double product = static_cast<double>(test.a.values[i * test.a.cols + k]) *
                                           test.b.values[j * test.b.cols + k];
                    sum += product;
                    magnitude += std::fabs(product);
                }
                const double difference = test::at(c, kernel.n, i, j) - sum;
                error += difference * difference;
                norm += sum * sum;
                worst = std::max(worst, std::fabs(difference) / magnitude);
            }
        }
        CHECK(std::sqrt(error / norm) < 1e-6);
        // One rounding for each block of 8: gamma_n of n = K/8 additions (Higham, Accuracy and Stability,
        // section 3.1).
        const double n = static_cast<double>(test.a.cols / 8);
        CHECK(worst <= n * kRoundoff / (1 - n * kRoundoff));
    });
}

TEST_CASE("bfp16: the golden blocks are read as the values that they encode") {
    // Exponent 0x80: one unit is 2/64. Worked out by hand from the bytes.
    const std::array<uint8_t, 9> golden{0x80, 0x20, 0xE0, 0x40, 0x10, 0xDF, 0x20, 0x00, 0xFF};
    const std::array<float, 8> expected{1, -1, 2, 0.5F, -1.03125F, 1, 0, -0.03125F};
    for_each_kernel([&](const HostKernel& kernel) {
        test::Tile<uint8_t> a(kernel.m * kernel.k / 8 * 9), b(kernel.n * kernel.k / 8 * 9);
        const auto product = [&](const std::array<uint8_t, 9>& block) {
            for (size_t row = 0; row < 8; ++row) {
                std::copy(block.begin(), block.end(), a.begin() + static_cast<int>(9 * row));
                b[9 * row] = 0x7F;  // row of B: 1 in column `row`, so that C repeats A
                b[9 * row + 1 + row] = 0x40;
            }
            test::Tile<float> c(kernel.m * kernel.n);
            kernel.bfp16_init(test::Tile<uint8_t>(b.size()).data(), c.data());
            kernel.bfp16_multiply(a.data(), b.data(), c.data());
            std::array<float, 8> first{};
            std::copy_n(c.begin(), 8, first.begin());
            CHECK(std::equal(first.begin(), first.end(), c.begin() + 56));  // last row of the subtile
            CHECK(std::all_of(c.begin() + 64, c.end(), [](float x) { return x == 0; }));
            return first;
        };
        CHECK(product(golden) == expected);
        // A format with the exponent at the end would read other values from the same block.
        CHECK(product({0x20, 0xE0, 0x40, 0x10, 0xDF, 0x20, 0x00, 0xFF, 0x80}) != expected);
    });
}

TEST_CASE("bfp16: extreme exponents neither overflow nor underflow in between") {
    for_each_kernel([](const HostKernel& kernel) {
        test::Tile<uint8_t> a(kernel.m * kernel.k / 8 * 9), b(kernel.n * kernel.k / 8 * 9);
        const auto product = [&](uint8_t left, uint8_t right) {
            for (size_t i = 0; i < 9; ++i) a[i] = b[i] = 64;
            a[0] = left;
            b[0] = right;
            test::Tile<float> c(kernel.m * kernel.n);
            kernel.bfp16_init(test::Tile<uint8_t>(b.size()).data(), c.data());
            kernel.bfp16_multiply(a.data(), b.data(), c.data());
            return c[0];
        };
        CHECK(product(127, 127) == 8);
        CHECK(product(240, 10) == std::ldexp(8.0F, -4));
        CHECK(product(10, 240) == std::ldexp(8.0F, -4));
        CHECK(product(1, 127) == std::ldexp(8.0F, -126));
        CHECK(product(0, 127) == std::ldexp(8.0F, -127));
        CHECK(product(70, 58) == std::ldexp(8.0F, -126));
    });
}

TEST_CASE("bfp16: every kind of CPU gives the same bits") {
    for (const auto& kernel : kernels::host_kernels()) {
        if (kernel.kernel != "bfp16" || kernel.cpu != "baseline") continue;
        const Case test(kernel);
        const auto expected = test.run(kernel);
        for (const auto& other : kernels::host_kernels()) {
            if (other.kernel != "bfp16" || other.m != kernel.m || other.k != kernel.k ||
                other.n != kernel.n || !test::runs_here(other)) {
                continue;
            }
            CHECK(test.run(other) == expected);
        }
    }
}
