// The kernels of BFP16 blocks with AVX2 and with VNNI on 256 and 512 bits, beside a plain loop: equal to the
// bit.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "bfp16/block.h"
#include "bfp16/layout.h"
#include "catch.h"
#include "needs.h"
#include "simd/isa.h"
#include "simd/matmul/block_matmul_avx2.h"
#include "simd/matmul/block_matmul_avx512.h"
#include "simd/matmul/block_matmul_avx_vnni.h"
#include "unit/simd/matmul/vex_vnni_emulator.h"
#include "unit/simd/random_matrix.h"

using namespace npuscribe;
using namespace npuscribe::test;
using bfp16::Rounding;
using simd::avx_vnni::Encoding;

namespace {

/// x·Wᵀ of what blocks hold: each block's products are summed as integers, and blocks one after the other.
Matrix plain_product(const Matrix& x, const Matrix& w, Rounding rounding) {
    const auto left = bfp16::quantise(x.view(), rounding);
    const auto right = bfp16::quantise(w.view(), Rounding::nearest_even);
    Matrix y(x.rows, w.rows);
    for (size_t r = 0; r < x.rows; ++r) {
        for (size_t c = 0; c < w.rows; ++c) {
            const uint8_t* a = left.data() + r * bfp16::row_bytes(x.cols);
            const uint8_t* b = right.data() + c * bfp16::row_bytes(x.cols);
            for (size_t block = 0; block < x.cols / bfp16::kBlockSize; ++block) {
                int32_t sum = 0;
                for (size_t i = 1; i <= bfp16::kBlockSize; ++i)
                    sum += int32_t{static_cast<int8_t>(a[i])} * int32_t{static_cast<int8_t>(b[i])};
                const float unit = std::ldexp(1.0F, int{a[0]} + int{b[0]} - 2 * 133);
                y(r, c) = sum == 0 ? y(r, c) : std::fma(static_cast<float>(sum), unit, y(r, c));
                a += bfp16::kBlockBytes;
                b += bfp16::kBlockBytes;
            }
        }
    }
    return y;
}

std::vector<uint8_t> panels_of(const Matrix& w) {
    std::vector<uint8_t> panels(bfp16::panel_bytes(w.rows, w.cols));
    const auto blocks = bfp16::quantise(w.view(), Rounding::nearest_even);
    bfp16::pack_panels(blocks.data(), w.cols, 0, w.rows, panels.data());
    bfp16::pad_last_panel(w.rows, w.cols, panels.data());
    return panels;
}

struct Case {
    size_t m, k, n;
};

/// Multiplies random matrices by `quantise` and `multiply`, in two parts of the columns, with scales that are
/// added and with scales that are multiplied, and compares with plain_product.
template <class Quantise, class Multiply>
void check_case(const Case& size, Rounding rounding, Quantise&& quantise, Multiply&& multiply) {
    const auto [m, k, n] = size;
    INFO(m << " x " << k << " x " << n);
    auto x = random_matrix(m, k, 1), w = random_matrix(n, k, 2, 0.05F);
    for (size_t i = 0; i < 8; ++i) x(m - 1, i) = w(n - 1, i) = 0;  // a block of zeros in each
    std::vector<uint8_t> left(std::max(simd::left_rows_bytes(m, k), simd::left_words_bytes(m, k)));
    simd::ExponentRange range;
    REQUIRE_FALSE(quantise(x.view(), rounding, simd::OperandPlace{left.data(), k}, range));
    const auto panels = panels_of(w);
    const auto expected = plain_product(x, w, rounding);
    for (const bool scales_add : {true, false}) {
        Matrix y(m, n);
        const size_t part = std::min<size_t>(n, 16);
        const simd::BlockOperands in{left.data(), panels.data(), k, scales_add};
        multiply(in, 0, simd::MatmulOutput{y.view().cols_from(0, part)});
        multiply(in, part / simd::kLaneBlock, simd::MatmulOutput{y.view().cols_from(part, n - part)});
        CHECK(y.values == expected.values);
    }
}

template <class Quantise, class Multiply>
void check_all(const std::vector<Case>& cases, Quantise&& quantise, Multiply&& multiply) {
    for (const Rounding rounding : {Rounding::nearest_even, Rounding::floor}) {
        for (const Case& size : cases) check_case(size, rounding, quantise, multiply);
    }
}

/// Rows alone, in twos and in threes, more than a chunk; columns in parts of vectors and panels; several
/// parts of K.
const std::vector<Case> kCases = {{1, 8, 1},    {1, 64, 200}, {2, 16, 64},    {3, 24, 65},
                                  {4, 512, 90}, {5, 520, 17}, {29, 1040, 70}, {64, 40, 128}};

void multiply_vex(const simd::BlockOperands& in, size_t first, const simd::MatmulOutput& out) {
    simd::avx_vnni::multiply_blocks(in, 0, first, out, Encoding::vex);
}
void multiply_evex(const simd::BlockOperands& in, size_t first, const simd::MatmulOutput& out) {
    simd::avx_vnni::multiply_blocks(in, 0, first, out, Encoding::evex);
}
void multiply_words(const simd::BlockOperands& in, size_t first, const simd::MatmulOutput& out) {
    simd::avx2::multiply_blocks(in, 0, first, out);
}
void multiply_512(const simd::BlockOperands& in, size_t first, const simd::MatmulOutput& out) {
    simd::avx512_vnni::multiply_blocks(in, 0, first, out);
}

}  // namespace

TEST_CASE("the AVX-512 kernels of 512 and of 256 bits give what a plain loop gives, to the bit",
          "[needs-avx512-vnni]") {
    need_avx512_vnni(simd::has_vnni());
    check_all(kCases, simd::avx512_vnni::quantise_block_operand, multiply_512);
    check_all(kCases, simd::avx_vnni::quantise_block_operand, multiply_evex);
}

TEST_CASE("the AVX2 kernel gives what a plain loop gives, to the bit", "[needs-avx2]") {
    need_avx2(simd::isa() >= simd::Isa::avx2);
    auto cases = kCases;
    cases.push_back({100, 24, 20});  // more than a chunk of rows
    check_all(cases, simd::avx2::quantise_block_operand, multiply_words);
}

TEST_CASE("the AVX-VNNI kernel gives what a plain loop gives, to the bit, if need be by emulation",
          "[needs-avx2]") {
    need_avx2(simd::isa() >= simd::Isa::avx2);
    const VexVnniEmulator emulator;
    check_all({kCases.begin(), kCases.begin() + 6}, simd::avx_vnni::quantise_block_operand, multiply_vex);
    const bool native = simd::isa() >= simd::Isa::avxvnni && simd::avx_vnni::encoding() == Encoding::vex;
    if (native) CHECK(VexVnniEmulator::count() == 0);
    if (simd::avx_vnni::encoding() == Encoding::evex) CHECK(VexVnniEmulator::count() > 10000);
}

TEST_CASE("operands of 256 and of 512 bits have the same bytes, range and first bad row",
          "[needs-avx512-vnni]") {
    need_avx512_vnni(simd::has_vnni());
    const auto rounding = GENERATE(Rounding::nearest_even, Rounding::floor);
    const size_t m = 9, k = 56;
    auto x = random_matrix(m, k, 8);
    for (size_t i = 0; i < 16; ++i) x(2, i) = i == 3 ? std::numeric_limits<float>::denorm_min() : 0.0F;
    for (size_t i = 0; i < k; ++i)
        x(4, i) = std::ldexp(1.0F, static_cast<int>(i) - 20) * (i % 2 == 0 ? 1.0F : -1.0F);
    const auto bad =
        GENERATE(0.0F, std::numeric_limits<float>::infinity(), std::nanf(""), bfp16::kMagnitudeLimit);
    if (bad != 0.0F) x(5, 17) = x(7, 1) = bad;
    std::vector<uint8_t> narrow(simd::left_rows_bytes(m, k)), wide(narrow.size());
    simd::ExponentRange of_narrow, of_wide;
    const auto bad_narrow =
        simd::avx_vnni::quantise_block_operand(x.view(), rounding, {narrow.data(), k}, of_narrow);
    const auto bad_wide =
        simd::avx512_vnni::quantise_block_operand(x.view(), rounding, {wide.data(), k}, of_wide);
    CHECK(bad_narrow == bad_wide);
    CHECK(bad_narrow.has_value() == (bad != 0.0F));
    if (bad != 0.0F) return;
    CHECK(narrow == wide);
    CHECK(of_narrow.lowest == of_wide.lowest);
    CHECK(of_narrow.highest == of_wide.highest);
}
