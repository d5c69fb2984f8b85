#include "simd/matmul/float_matmul.h"

#include <algorithm>
#include <vector>

#include "base/buffer.h"
#include "bfp16/block.h"
#include "catch.h"
#include "unit/simd/random_matrix.h"

using namespace npuscribe;
using namespace npuscribe::test;
using bfp16::Rounding;

namespace {

Buffer<uint8_t> in_panels(const std::vector<uint8_t>& blocks, size_t n, size_t k) {
    Buffer<uint8_t> bytes(bfp16::panel_bytes(n, k));
    bfp16::pad_last_panel(n, k, bytes.data());
    bfp16::pack_panels(blocks.data(), k, 0, n, bytes.data());
    return bytes;
}

/// x by columns from lane block `first` on.
void multiply(MatrixView<const float> x, const Buffer<uint8_t>& panels, const simd::MatmulOutput& out,
              size_t first = 0) {
    Buffer<float> scratch(simd::kFloatScratch);
    simd::multiply_floats(x, panels.data(), first, out, {scratch.data(), scratch.size()});
}

}  // namespace

TEST_CASE("a product of floats by panels is that of the blocks' values") {
    // Rows and columns that fill groups and panels, and that do not; K in one part and in several.
    const auto [m, n, k] = GENERATE(table<size_t, size_t, size_t>(
        {{1, 64, 8}, {12, 64, 256}, {5, 3, 40}, {29, 130, 264}, {26, 200, 1032}}));
    const auto w = random_matrix(n, k, 5, 0.05F), bias = random_matrix(1, n, 6);
    const auto panels = in_panels(bfp16::quantise(w.view(), Rounding::nearest_even), n, k);
    // The rows of x are apart, as a device keeps them.
    const size_t stride = simd::float_row_stride(k);
    const auto x = random_matrix(m, k, 4);
    std::vector<float> apart(m * stride, 1e30F);
    for (size_t r = 0; r < m; ++r) std::copy_n(x.view().row(r), k, apart.data() + r * stride);
    const MatrixView<const float> left(apart.data(), m, k, stride);

    EigenMatrix<double> expected = product(x, to_blocks(w, Rounding::nearest_even));
    Matrix y(m, n);
    multiply(left, panels, {y.view()});
    CHECK(error_of(y, expected) < 1e-6);

    // From a lane block within a panel on.
    for (size_t first = 1; first * 16 < n; first += 2) {
        Matrix rest(m, n - first * 16);
        multiply(left, panels, {rest.view()}, first);
        CHECK(error_of(rest, expected.rightCols(static_cast<Eigen::Index>(rest.cols))) < 1e-6);
    }

    expected.rowwise() += in_double(bias).row(0);
    Matrix wide(m, n + 3);
    for (const bool accumulate : {true, false}) {
        std::fill(wide.values.begin(), wide.values.end(), 10.0F);
        multiply(left, panels, {wide.view().cols_from(0, n), bias.values.data(), accumulate});
        for (size_t r = 0; r < m; ++r) {
            for (size_t c = 0; c < n; ++c)
                REQUIRE(wide(r, c) == Approx(expected(r, c) + (accumulate ? 10 : 0)).margin(1e-5));
            for (size_t c = n; c < n + 3; ++c) REQUIRE(wide(r, c) == 10.0F);
        }
    }
}

TEST_CASE("panels are expanded to floats exactly, whatever a block's mantissas and exponent") {
    // Every mantissa, -128 included, and exponents from the smallest that count to the largest.
    const size_t n = 64, k = 256;
    std::vector<uint8_t> blocks(n * bfp16::row_bytes(k));
    for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<uint8_t>(i * 37);
    for (size_t block = 0; block < blocks.size() / bfp16::kBlockBytes; ++block)
        blocks[block * bfp16::kBlockBytes] = static_cast<uint8_t>(1 + block % 237);
    Matrix values(n, k);
    bfp16::dequantise(blocks, values.view());
    const auto panels = in_panels(blocks, n, k);
    // Each row of the unit matrix picks one value of each column.
    Matrix unit(k, k);
    for (size_t i = 0; i < k; ++i) unit(i, i) = 1;
    Matrix y(k, n);
    multiply(unit.view(), panels, {y.view()});
    for (size_t i = 0; i < k; ++i) {
        for (size_t c = 0; c < n; ++c) REQUIRE(y(i, c) == values(c, i));
    }
}
