#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "catch.h"
#include "device/array/array_plan.h"
#include "operands.h"

using namespace npuscribe;
using kernels::HostKernel;

namespace {

constexpr size_t kTilesOfK = 5;
// What becomes of the sums (kernels/aie2p/results.h).
constexpr int32_t kSums = 0, kBf16 = 1, kGeluBfp16 = 2;
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
        auto c = test::sums_of(kernel, std::nanf(""));
        kernel.bfp16.init(header.data(), c.data());
        for (size_t k = 0; k < kTilesOfK; ++k) kernel.bfp16.multiply(a.tile(k), b.tile(k), c.data());
        return c;
    }

    /// What leaves the core: the tile's result, piece after piece.
    test::Tile<uint8_t> result(const HostKernel& kernel, int32_t result, size_t bytes) const {
        auto c = run(kernel);
        kernel.bfp16.finish(c.data(), result);
        const size_t piece = piece_of(kernel), pieces = (bytes + piece - 1) / piece;
        test::Tile<uint8_t> all(pieces * piece, 0xA5);
        for (size_t i = 0; i < pieces; ++i) kernel.bfp16.put(c.data(), all.data() + i * piece);
        all.resize(bytes);
        return all;
    }
    static size_t piece_of(const HostKernel& kernel) {
        array::Program program;
        program.tile = {kernel.m, kernel.k, kernel.n};
        return program.piece_bytes();
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
                const double difference = test::at(c, kernel.m, i, j) - sum;
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
            auto c = test::sums_of(kernel, 0.0F);
            kernel.bfp16.init(test::Tile<uint8_t>(b.size()).data(), c.data());
            kernel.bfp16.multiply(a.data(), b.data(), c.data());
            std::array<float, 8> first{};
            std::copy_n(c.begin(), 8, first.begin());
            CHECK(std::equal(first.begin(), first.end(), c.begin() + 56));  // last row of the subtile
            CHECK(std::all_of(c.begin() + 64, c.begin() + static_cast<int>(kernel.m * kernel.n),
                              [](float x) { return x == 0; }));
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
            auto c = test::sums_of(kernel, 0.0F);
            kernel.bfp16.init(test::Tile<uint8_t>(b.size()).data(), c.data());
            kernel.bfp16.multiply(a.data(), b.data(), c.data());
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
            const auto sums = test.run(other);
            const auto end = static_cast<int>(kernel.m * kernel.n);
            CHECK(std::equal(sums.begin(), sums.begin() + end, expected.begin()));
            const size_t bytes = kernel.m * kernel.n / 8 * 9;
            CHECK(test.result(other, kGeluBfp16, bytes) == test.result(kernel, kGeluBfp16, bytes));
        }
    }
}

TEST_CASE("bfp16: sums leave as they are, and as bfloat16 rounded to nearest even") {
    for_each_kernel([](const HostKernel& kernel) {
        const Case test(kernel);
        const auto sums = test.run(kernel);
        const size_t values = kernel.m * kernel.n;
        const auto f32 = test.result(kernel, kSums, 4 * values);
        CHECK(std::memcmp(f32.data(), sums.data(), f32.size()) == 0);
        const auto bf16 = test.result(kernel, kBf16, 2 * values);
        size_t wrong = 0;
        for (size_t i = 0; i < values; ++i) {
            // The upper half of the bits, or the next one up: whichever is nearer, even in a tie.
            const auto bits = std::bit_cast<uint32_t>(sums[i]);
            const uint32_t below = bits >> 16, rest = bits & 0xFFFF;
            const bool up = rest > 0x8000 || (rest == 0x8000 && below % 2 == 1);
            uint16_t got = 0;
            std::memcpy(&got, bf16.data() + 2 * i, sizeof got);
            if (got != below + (up ? 1 : 0)) ++wrong;
        }
        CHECK(wrong == 0);
    });
}

TEST_CASE("bfp16: GELU leaves as the next product's A, within a unit of the rounded erf form") {
    for_each_kernel([](const HostKernel& kernel) {
        const Case test(kernel);
        const auto sums = test.run(kernel);
        std::vector<float> exact(kernel.m * kernel.n);
        for (size_t i = 0; i < kernel.m; ++i) {
            for (size_t j = 0; j < kernel.n; ++j) {
                const double x = test::at(sums, kernel.m, i, j);
                exact[i * kernel.n + j] = static_cast<float>(x / 2 * std::erfc(-x / std::sqrt(2.0)));
            }
        }
        const auto wanted =
            bfp16::quantise({exact.data(), kernel.m, kernel.n}, bfp16::Rounding::nearest_even);
        // A row of A's tiles, whatever their k: here one of n.
        const bfp16::TileLayout layout{kernel.m, kernel.n, kernel.m, kernel.n, 0};
        const auto tiles = test.result(kernel, kGeluBfp16, layout.bytes());
        std::vector<uint8_t> got(wanted.size());
        bfp16::unshuffle(tiles, layout, got);
        std::vector<float> a(exact.size()), b(exact.size());
        bfp16::dequantise(wanted, {a.data(), kernel.m, kernel.n});
        bfp16::dequantise(got, {b.data(), kernel.m, kernel.n});
        size_t same = 0, compared = 0;
        double worst = 0;
        for (size_t block = 0; block < wanted.size() / 9; ++block) {
            // The approximation's relative error grows for large negative values, whose GELU is next to
            // nothing.
            if (wanted[9 * block] < 127 - 9) continue;
            const double unit = bfp16::mantissa_unit(std::max(wanted[9 * block], got[9 * block]));
            for (size_t i = 8 * block; i < 8 * block + 8; ++i) {
                worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - b[i]) / unit);
                ++compared;
                if (a[i] == b[i]) ++same;
            }
        }
        CHECK(worst <= 1);
        CHECK(compared > exact.size() / 2);
        CHECK(static_cast<double>(same) > 0.95 * static_cast<double>(compared));
    });
}
