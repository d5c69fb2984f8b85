#include "simd/matmul/project.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "catch.h"
#include "unit/simd/random_matrix.h"

using namespace npuscribe;
using namespace npuscribe::test;
using simd::Element;

namespace {

simd::PackedMatrix pack(const Matrix& w, Element element) {
    simd::PackedMatrix packed(w.rows, w.cols, element);
    for (size_t b = 0; b < packed.blocks(); ++b) {
        const size_t first = b * simd::kLaneBlock;
        packed.pack(b, w.view().rows_from(first, std::min(simd::kLaneBlock, w.rows - first)));
    }
    return packed;
}

/// The values as a packed matrix stores them.
Matrix stored(Matrix values, Element element) {
    if (element == Element::bf16) {
        for (float& value : values.values) value = to_bf16(value);
    }
    return values;
}

}  // namespace

TEST_CASE("rows of bfloat16 are packed as the same rows of f32 are") {
    const auto w = random_matrix(77, 104, 9);
    const auto packed = pack(w, Element::bf16);
    simd::PackedMatrix from_bits(77, 104, Element::bf16);
    for (size_t b = 0; b < from_bits.blocks(); ++b) {
        const size_t first = b * simd::kLaneBlock;
        const size_t rows = std::min(simd::kLaneBlock, w.rows - first);
        std::vector<uint16_t> bits(rows * w.cols);
        for (size_t i = 0; i < bits.size(); ++i) {
            const float value = to_bf16(w(first + i / w.cols, i % w.cols));
            bits[i] = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
        }
        from_bits.pack(b, MatrixView<const uint16_t>(bits.data(), rows, w.cols));
    }
    CHECK(std::memcmp(packed.data(), from_bits.data(), packed.size_bytes()) == 0);
}

TEST_CASE("a projection is x W' + b on the values as they are stored") {
    for (const auto element : {Element::bf16, Element::f32}) {
        for (const size_t m : {1, 2, 3, 5, 7, 8, 12, 17}) {
            for (const size_t n : {16, 40, 77, 160}) {
                const size_t k = 96;
                const auto x = random_matrix(m, k, 1);
                const auto w = random_matrix(n, k, 2);
                const auto b = random_matrix(1, n, 3);
                const auto packed = pack(w, element);
                simd::LeftRows left(m, k, element);
                left.assign(x.view());
                Matrix y(m, n);
                // Two ranges of blocks, as two workers would take them.
                const size_t half = packed.blocks() / 2;
                simd::project(packed, left, {0, half}, {y.view(), b.values.data()});
                simd::project(packed, left, {half, packed.blocks() - half}, {y.view(), b.values.data()});
                auto twice = y;
                simd::project(packed, left, {0, packed.blocks()}, {twice.view(), b.values.data(), true});
                const auto x_stored = in_double(stored(x, element)), w_stored = in_double(stored(w, element));
                const Eigen::RowVectorXd bias = in_double(b).row(0);
                EigenMatrix<double> expected = x_stored * w_stored.transpose();
                expected.rowwise() += bias;
                EigenMatrix<double> magnitude = x_stored.cwiseAbs() * w_stored.transpose().cwiseAbs();
                magnitude.rowwise() += bias.cwiseAbs();
                // fp32 sums of k terms in any order: k · 2^-24 of the sum of magnitudes.
                const EigenMatrix<double> bound = magnitude * (static_cast<double>(k + 2) * 0x1p-24);
                INFO("m " << m << ", n " << n);
                REQUIRE(((in_double(y) - expected).cwiseAbs().array() <= bound.array()).all());
                REQUIRE(((in_double(twice) - 2 * expected).cwiseAbs().array() <= 3 * bound.array()).all());
            }
        }
    }
}

TEST_CASE("a packed row comes back as it was stored") {
    for (const auto element : {Element::bf16, Element::f32}) {
        const auto w = random_matrix(37, 64, 9);
        const auto packed = pack(w, element);
        const auto expected = stored(w, element);
        std::vector<float> row(64);
        for (size_t n = 0; n < 37; ++n) {
            packed.unpack_row(n, row);
            for (size_t i = 0; i < 64; ++i) REQUIRE(row[i] == expected(n, i));
        }
    }
}
