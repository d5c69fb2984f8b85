#include "simd/matmul/tile_matmul.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "bfp16/block.h"
#include "catch.h"
#include "needs.h"
#include "simd/isa.h"
#include "unit/simd/random_matrix.h"

using namespace npuscribe;
using namespace npuscribe::test;
using bfp16::Rounding;

namespace {

Buffer<uint8_t> empty_operand(size_t m, size_t k) {
    Buffer<uint8_t> bytes(simd::tile_operand_bytes(m, k));
    std::memset(bytes.data(), 0, bytes.size());
    return bytes;
}

Buffer<uint8_t> left(const Matrix& x, Rounding rounding) {
    auto bytes = empty_operand(x.rows, x.cols);
    REQUIRE_FALSE(simd::quantise_tile_operand(x.view(), rounding, {bytes.data(), x.cols}));
    return bytes;
}

Buffer<uint8_t> right(const Matrix& w) {
    Buffer<uint8_t> bytes(bfp16::panel_bytes(w.rows, w.cols));
    bfp16::pad_last_panel(w.rows, w.cols, bytes.data());
    const auto blocks = bfp16::quantise(w.view(), Rounding::nearest_even);
    bfp16::pack_panels(blocks.data(), w.cols, 0, w.rows, bytes.data());
    return bytes;
}

/// All panels of W, one after the other.
Buffer<uint8_t> expanded(const Buffer<uint8_t>& weights, size_t n, size_t k) {
    const size_t bytes = simd::tile_panel_bytes(k);
    const size_t panels = (n + simd::kBlockPanelCols - 1) / simd::kBlockPanelCols;
    Buffer<uint8_t> result(panels * bytes);
    std::memset(result.data(), 0xFF, result.size());  // NaN if it is not written
    for (size_t panel = 0; panel < panels; ++panel)
        simd::expand_panel(weights.data(), k, panel, result.data() + panel * bytes);
    return result;
}

float bf16_at(const uint8_t* bytes) {
    uint16_t bits;
    std::memcpy(&bits, bytes, sizeof bits);
    return std::bit_cast<float>(uint32_t{bits} << 16);
}

/// Follows the layout's description: groups of 32 rows, blocks of 32 × 32 values.
float operand_at(const Buffer<uint8_t>& operand, size_t k, size_t row, size_t col) {
    const size_t block = row / 32 * ((k + 31) / 32) + col / 32;
    return bf16_at(operand.data() + 2 * ((block * 32 + row % 32) * 32 + col % 32));
}

/// 32 columns at a time, blocks of 32 along K, 16 columns, 16 pairs, a column's pair.
float expanded_at(const Buffer<uint8_t>& panels, size_t k, size_t column, size_t i) {
    const size_t block = column / 32 * ((k + 31) / 32) + i / 32;
    const size_t pair = (block * 2 + column % 32 / 16) * 16 + i % 32 / 2;
    return bf16_at(panels.data() + 2 * ((pair * 16 + column % 16) * 2 + i % 2));
}

double gelu(double x) {
    return x * std::erfc(-x / std::sqrt(2.0)) / 2;
}

/// Multiplies rows from `first` of the operand on by all panels; in.panel is the first of them.
void multiply(const simd::TileOperands& in, const simd::MatmulOutput& out, bool with_gelu = false,
              size_t first = 0) {
    for (size_t c = 0; c < out.y.cols; c += simd::kBlockPanelCols) {
        const auto* panel = in.panel + c / simd::kBlockPanelCols * simd::tile_panel_bytes(in.k);
        const auto part = out.y.cols_from(c, std::min(simd::kBlockPanelCols, out.y.cols - c));
        simd::multiply_tiles({in.left, panel, in.k}, first,
                             {part, out.bias != nullptr ? out.bias + c : nullptr, out.accumulate}, with_gelu);
    }
}

/// The same into an operand; all.cols are those of all panels.
std::optional<size_t> multiply_to_operand(const simd::TileOperands& in, size_t first,
                                          const simd::TileOperandOutput& all) {
    std::optional<size_t> bad;
    for (size_t c = 0; c < all.cols; c += simd::kBlockPanelCols) {
        const auto* panel = in.panel + c / simd::kBlockPanelCols * simd::tile_panel_bytes(in.k);
        auto part = all;
        part.col = c;
        part.cols = std::min(simd::kBlockPanelCols, all.cols - c);
        if (all.bias != nullptr) part.bias = all.bias + c;
        const auto here = simd::multiply_tiles({in.left, panel, in.k}, first, part);
        if (here && (!bad || *here < *bad)) bad = here;
    }
    return bad;
}

void check_product(size_t m, size_t n, size_t k, Rounding rounding) {
    const auto x = random_matrix(m, k, 4), w = random_matrix(n, k, 5, 0.05F), bias = random_matrix(1, n, 6);
    const auto operand = left(x, rounding);
    const auto panels = expanded(right(w), n, k);
    EigenMatrix<double> expected = product(to_blocks(x, rounding), to_blocks(w, Rounding::nearest_even));
    Matrix y(m, n);
    const simd::TileOperands in{operand.data(), panels.data(), k};
    multiply(in, {y.view()});
    // What fp32 sums of identical rounded operands may differ by.
    CHECK(error_of(y, expected) < 1e-6);

    expected.rowwise() += in_double(bias).row(0);
    const size_t stride = n + 3;
    Matrix wide(m, stride);
    const auto check = [&](float there) {
        for (size_t r = 0; r < m; ++r) {
            for (size_t c = 0; c < n; ++c)
                REQUIRE(wide(r, c) == test::Approx(expected(r, c) + there).margin(1e-5));
            for (size_t c = n; c < stride; ++c) REQUIRE(wide(r, c) == 10.0F);
        }
    };
    for (float& value : wide.values) value = 10;
    multiply(in, {wide.view().cols_from(0, n), bias.values.data(), true});
    check(10);
    multiply(in, {wide.view().cols_from(0, n), bias.values.data()});
    check(0);
}

}  // namespace

TEST_CASE("an operand of tiles holds what the format's reference rounds to", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const size_t k = GENERATE(8, 40, 240, 512), m = 37;
    auto x = random_matrix(m, k, 1);
    for (size_t i = 0; i < k; ++i) {
        x(1, i) *= 0x1p-130F;                       // subnormal
        x(2, i) *= 0x1p105F;                        // large
        x(3, i) = i % 8 == 0 ? 1.9999F : -1.9999F;  // saturates one way
        x(4, i) = 0;
        x(5, i) = i % 8 == 0 ? 1.0F : std::ldexp(-1.0F, -int(i % 30));  // ties, and below a unit
    }
    const auto expected = to_blocks(x, rounding);
    const auto operand = left(x, rounding);
    for (size_t r = 0; r < m; ++r) {
        for (size_t c = 0; c < k; ++c) REQUIRE(operand_at(operand, k, r, c) == expected(r, c));
        for (size_t c = k; c % 32 != 0; ++c) REQUIRE(operand_at(operand, k, r, c) == 0.0F);
    }
}

TEST_CASE("an operand of tiles is filled piece by piece, and reports the first row that it cannot hold",
          "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const size_t m = 35, k = 88;
    auto x = random_matrix(m, k, 2);
    const auto whole = left(x, Rounding::nearest_even);
    auto pieces = empty_operand(m, k);
    for (const auto& [row, rows] : {std::pair<size_t, size_t>{0, 7}, {7, 28}}) {
        for (const auto& [col, cols] : {std::pair<size_t, size_t>{0, 8}, {8, 40}, {48, 24}, {72, 16}}) {
            const auto piece = x.view().rows_from(row, rows).cols_from(col, cols);
            CHECK_FALSE(
                simd::quantise_tile_operand(piece, Rounding::nearest_even, {pieces.data(), k, row, col}));
        }
    }
    CHECK(std::equal(pieces.begin(), pieces.end(), whole.begin()));

    x(5, 17) =
        GENERATE(std::numeric_limits<float>::infinity(), std::nanf(""), bfp16::kMagnitudeLimit, -0x1p127F);
    x(7, 1) = x(5, 17);
    CHECK(simd::quantise_tile_operand(x.view(), Rounding::nearest_even, {pieces.data(), k}) == 5U);
}

TEST_CASE("an expanded panel holds what its blocks hold, and zeros after them", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const size_t n = GENERATE(16, 64, 129), k = GENERATE(8, 40, 240, 512);
    auto w = random_matrix(n, k, 3);
    for (size_t i = 0; i < k; ++i) {
        w(1, i) *= 0x1p-122F;
        w(2, i) *= 0x1p105F;
        w(3, i) = 0;
    }
    const auto expected = to_blocks(w, Rounding::nearest_even);
    const auto panels = expanded(right(w), n, k);
    for (size_t c = 0; c < n; ++c) {
        for (size_t i = 0; i < k; ++i) REQUIRE(expanded_at(panels, k, c, i) == expected(c, i));
        for (size_t i = k; i % 32 != 0; ++i) REQUIRE(expanded_at(panels, k, c, i) == 0.0F);
    }
}

TEST_CASE("tiles give the product of what the blocks hold, plus a bias and the old value", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const size_t m = GENERATE(1, 15, 33, 70), n = GENERATE(16, 64, 100, 129), k = GENERATE(8, 40, 240, 512);
    check_product(m, n, k, rounding);
}

TEST_CASE("a K too long for the first cache is multiplied slice by slice", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const auto [m, n, k] = GENERATE(table<size_t, size_t, size_t>({{300, 100, 1056}, {40, 64, 2048}}));
    check_product(m, n, k, Rounding::nearest_even);
}

TEST_CASE("a product covers only the rows that are asked for", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const size_t m = 70, k = 40, n = 64;
    const auto x = random_matrix(m, k, 7), w = random_matrix(n, k, 8);
    const auto operand = left(x, Rounding::nearest_even);
    const auto panels = expanded(right(w), n, k);
    Matrix whole(m, n), part(m - 32, n);
    const simd::TileOperands in{operand.data(), panels.data(), k};
    multiply(in, {whole.view()});
    multiply(in, {part.view()}, false, 32);
    CHECK(std::equal(part.values.begin(), part.values.end(), whole.values.begin() + 32 * n));
}

TEST_CASE("GELU of a product is within 2e-6 of its definition, for any argument", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    // x·Wᵀ with one 1 a row of W: a bias is what GELU gets.
    const size_t k = 8, n = 64, m = 1;
    const Matrix x(m, k), w(n, k);
    const auto operand = left(x, Rounding::nearest_even);
    const auto panels = expanded(right(w), n, k);
    const simd::TileOperands in{operand.data(), panels.data(), k};
    Matrix bias(1, n), y(m, n);
    for (size_t piece = 0; piece < 4000; ++piece) {
        for (size_t c = 0; c < n; ++c) bias(0, c) = static_cast<float>(piece * n + c) * 0x1p-14F - 7.8125F;
        multiply(in, {y.view(), bias.values.data()}, true);
        for (size_t c = 0; c < n; ++c) REQUIRE(std::abs(y(0, c) - gelu(double{bias(0, c)})) < 2e-6);
    }
    bias(0, 0) = -1e30F;
    bias(0, 1) = 1e30F;
    bias(0, 2) = std::nanf("");
    multiply(in, {y.view(), bias.values.data()}, true);
    CHECK(y(0, 0) == 0.0F);
    CHECK(y(0, 1) == 1e30F);
    CHECK(std::isnan(y(0, 2)));
}

TEST_CASE("a product becomes the same operand directly as by way of a matrix", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const bool with_gelu = GENERATE(false, true);
    const size_t m = GENERATE(1, 33, 70), n = GENERATE(16, 64, 100, 129), k = GENERATE(8, 240);
    const auto x = random_matrix(m, k, 9), w = random_matrix(n, k, 10, 0.2F), bias = random_matrix(1, n, 11);
    const auto operand = left(x, rounding);
    const auto panels = expanded(right(w), n, k);
    const size_t next_k = bfp16::padded(n);
    Matrix y(m, n);
    const simd::TileOperands in{operand.data(), panels.data(), k};
    multiply(in, {y.view(), bias.values.data()}, with_gelu);
    Matrix padded(m, next_k);
    for (size_t r = 0; r < m; ++r) std::copy_n(y.values.data() + r * n, n, padded.values.data() + r * next_k);
    const auto expected = left(padded, rounding);
    auto out = empty_operand(m, next_k);
    const simd::TileOperandOutput all{out.data(), next_k, m, 0, n, bias.values.data(), rounding, with_gelu};
    REQUIRE_FALSE(multiply_to_operand(in, 0, all));
    for (size_t r = 0; r < m; ++r) {
        for (size_t c = 0; c < (next_k + 31) / 32 * 32; ++c)
            REQUIRE(operand_at(out, next_k, r, c) == operand_at(expected, next_k, r, c));
    }

    if (m <= 32) return;  // its second group alone
    auto part = empty_operand(m, next_k);
    multiply_to_operand(in, 32, {part.data(), next_k, m - 32, 0, n, bias.values.data(), rounding, with_gelu});
    for (size_t c = 0; c < next_k; ++c) {
        REQUIRE(operand_at(part, next_k, 0, c) == 0.0F);
        REQUIRE(operand_at(part, next_k, 32, c) == operand_at(expected, next_k, 32, c));
    }
}

TEST_CASE("a product that the next operand cannot hold is reported with its row", "[needs-amx]") {
    need_amx(simd::isa() == simd::Isa::amx);
    const size_t m = 70, k = 40, n = 100;
    auto x = random_matrix(m, k, 12), w = random_matrix(n, k, 13);
    const size_t row = GENERATE(0, 31, 45, 69);
    const bool with_gelu = GENERATE(false, true);
    x(row, 3) = x(69, 3) = 0x1p100F;
    w(70, 3) = -0x1p12F;
    const auto panels = expanded(right(w), n, k);
    const auto operand = left(x, Rounding::nearest_even);
    auto out = empty_operand(m, bfp16::padded(n));
    const simd::TileOperandOutput all{out.data(), bfp16::padded(n),       m,        0, n,
                                      nullptr,    Rounding::nearest_even, with_gelu};
    CHECK(multiply_to_operand({operand.data(), panels.data(), k}, 0, all) == row);
}
