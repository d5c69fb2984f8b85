#include "bfp16/int8.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace npuscribe::bfp16 {
namespace {

constexpr int kProductScale = 266;  // twice the 133 of one operand: 127 of bias and 6 of the 64, each

uint8_t at_or_only(std::span<const uint8_t> exponents, size_t row) {
    return exponents[exponents.size() == 1 ? 0 : row];
}

}  // namespace

std::vector<uint8_t> row_exponents(std::span<const uint8_t> blocks, size_t rows, size_t cols) {
    assert(blocks.size() == rows * row_bytes(cols));
    std::vector<uint8_t> exponents(rows, 0);
    for (size_t row = 0; row < rows; ++row) {
        const auto line = blocks.subspan(row * row_bytes(cols), row_bytes(cols));
        for (size_t at = 0; at < line.size(); at += kBlockBytes)
            exponents[row] = std::max(exponents[row], line[at]);
    }
    return exponents;
}

void to_int8(std::span<const uint8_t> blocks, std::span<const uint8_t> exponents, MatrixView<int8_t> out) {
    assert(blocks.size() == out.rows * row_bytes(out.cols));
    for (size_t row = 0; row < out.rows; ++row) {
        const uint8_t* line = blocks.data() + row * row_bytes(out.cols);
        const int common = at_or_only(exponents, row);
        for (size_t col = 0; col < out.cols; ++col) {
            const uint8_t* block = line + col / kBlockSize * kBlockBytes;
            const int mantissa = static_cast<int8_t>(block[1 + col % kBlockSize]);
            assert(block[0] <= common);
            out(row, col) = static_cast<int8_t>(std::nearbyint(std::ldexp(mantissa, block[0] - common)));
        }
    }
}

std::vector<uint8_t> from_int32(MatrixView<const int32_t> sums, std::span<const uint8_t> a,
                                std::span<const uint8_t> b, std::span<const float> bias, Rounding rounding) {
    std::vector<float> values(sums.rows * sums.cols);
    for (size_t row = 0; row < sums.rows; ++row) {
        for (size_t col = 0; col < sums.cols; ++col) {
            const int exponent = at_or_only(a, row) + at_or_only(b, col) - kProductScale;
            const float product = std::ldexp(static_cast<float>(sums(row, col)), exponent);
            values[row * sums.cols + col] = bias.empty() ? product : product + bias[col];
        }
    }
    return quantise({values.data(), sums.rows, sums.cols}, rounding);
}

void shuffle(MatrixView<const int8_t> values, const Int8Tiles& layout, std::span<uint8_t> tiles) {
    if (values.rows != layout.rows || values.cols != layout.cols || tiles.size() != layout.bytes()) {
        throw InputError(fmt::format("{} x {} bytes do not fill tiles of {} x {} values, {} bytes",
                                     values.rows, values.cols, layout.rows, layout.cols, tiles.size()));
    }
    std::fill(tiles.begin(), tiles.end(), uint8_t{0});
    for (size_t row = 0; row < layout.rows; ++row) {
        for (size_t col = 0; col < layout.cols; ++col) {
            tiles[layout.offset(row, col)] = static_cast<uint8_t>(values(row, col));
        }
    }
}

}  // namespace npuscribe::bfp16
