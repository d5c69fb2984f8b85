#include "bfp16/block.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace npuscribe::bfp16 {
namespace {

constexpr int kMantissaScale = 133;  // value = mantissa × 2^(exponent − 133): 127 for the bias, 6 for the 64
constexpr int kLargestExponent = 254;

int biased_exponent(float value) {
    return static_cast<int>(std::bit_cast<uint32_t>(value) >> 23 & 0xFF);
}

// True if a value decodes to −2^128, which fp32 and bf16 do not have.
bool overflows(const uint8_t* block) {
    return block[0] == kLargestExponent &&
           std::any_of(block + 1, block + kBlockBytes, [](uint8_t mantissa) { return mantissa == 0x80; });
}

[[noreturn]] void refuse(float value, size_t row, size_t col) {
    const std::string what = std::isnan(value)   ? "NaN"
                             : std::isinf(value) ? (value < 0 ? "-Inf" : "Inf")
                                                 : fmt::to_string(value);
    throw InputError(fmt::format(
        "cannot store {} at row {}, column {} in BFP16, which holds finite values of a magnitude below 2^128 "
        "after rounding; look for the operation that produced it, or for a damaged file",
        what, row, col));
}

// Refuses the first value that the block cannot hold.
void check_values(const float* values, const uint8_t* block, size_t count, size_t row, size_t first_col) {
    for (size_t i = 0; i < count; ++i) {
        const bool too_large = overflows(block) && block[1 + i] == 0x80;
        if (!std::isfinite(values[i]) || too_large) refuse(values[i], row, first_col + i);
    }
}

}  // namespace

void quantise_block(const float* values, uint8_t* block, Rounding rounding) {
    int exponent = 0;
    for (size_t i = 0; i < kBlockSize; ++i) exponent = std::max(exponent, biased_exponent(values[i]));
    block[0] = static_cast<uint8_t>(exponent);
    for (size_t i = 0; i < kBlockSize; ++i) {
        // Exact: a double holds 24 bits at any of these exponents.
        const double scaled = std::ldexp(static_cast<double>(values[i]), kMantissaScale - exponent);
        const double rounded = rounding == Rounding::floor ? std::floor(scaled) : std::nearbyint(scaled);
        const int mantissa = static_cast<int>(std::clamp(rounded, -128.0, 127.0));
        block[1 + i] = static_cast<uint8_t>(mantissa & 0xFF);
    }
}

void dequantise_block(const uint8_t* block, float* values) {
    for (size_t i = 0; i < kBlockSize; ++i) {
        const int mantissa = static_cast<int8_t>(block[1 + i]);
        values[i] = std::ldexp(static_cast<float>(mantissa), block[0] - kMantissaScale);
    }
}

std::vector<uint8_t> quantise(MatrixView<const float> values, Rounding rounding) {
    const size_t bytes = row_bytes(values.cols);
    std::vector<uint8_t> blocks(values.rows * bytes);
    for (size_t row = 0; row < values.rows; ++row) {
        uint8_t* block = blocks.data() + row * bytes;
        for (size_t col = 0; col < values.cols; col += kBlockSize, block += kBlockBytes) {
            const size_t count = std::min(kBlockSize, values.cols - col);
            const float* in = values.row(row) + col;
            float padded_values[kBlockSize] = {};
            std::copy_n(in, count, padded_values);
            const bool finite = std::all_of(in, in + count, [](float value) { return std::isfinite(value); });
            if (finite) quantise_block(padded_values, block, rounding);
            if (!finite || overflows(block)) check_values(in, block, count, row, col);
        }
    }
    return blocks;
}

void dequantise(std::span<const uint8_t> blocks, MatrixView<float> out) {
    const size_t bytes = row_bytes(out.cols);
    if (blocks.size() != out.rows * bytes) {
        throw InputError(
            fmt::format("BFP16 data for a {} x {} matrix must be {} bytes, got {}; the data is cut off or of "
                        "another shape",
                        out.rows, out.cols, out.rows * bytes, blocks.size()));
    }
    for (size_t row = 0; row < out.rows; ++row) {
        const uint8_t* block = blocks.data() + row * bytes;
        for (size_t col = 0; col < out.cols; col += kBlockSize, block += kBlockBytes) {
            float values[kBlockSize];
            dequantise_block(block, values);
            std::copy_n(values, std::min(kBlockSize, out.cols - col), out.row(row) + col);
        }
    }
}

}  // namespace npuscribe::bfp16
