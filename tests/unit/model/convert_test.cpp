#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "catch.h"
#include "model/convert.h"

using namespace npuscribe;

namespace {

// IEEE 754: binary16 has 5 exponent bits with bias 15 and 10 fraction bits; bfloat16 8 with bias 127, and 7.
double value_of(unsigned bits, int exponent_bits, int fraction_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int fraction = static_cast<int>(bits & ((1U << fraction_bits) - 1));
    const int exponent = static_cast<int>(bits >> fraction_bits & ((1U << exponent_bits) - 1));
    const double sign = bits & 0x8000U ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1)
        return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
    if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
    return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

bool same(float got, double wanted) {
    if (std::isnan(wanted)) return std::isnan(got);
    return static_cast<double>(got) == wanted && std::signbit(got) == std::signbit(wanted);
}

// All 65,536 patterns through to_f32, starting at `shift` bytes past an aligned address.
std::vector<float> convert_all(DType dtype, size_t shift) {
    std::vector<std::byte> source(2 * 65536 + shift);
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<uint16_t>(bits);
        std::memcpy(source.data() + shift + 2 * size_t{bits}, &half, 2);
    }
    std::vector<float> out(65536);
    to_f32(dtype, source.data() + shift, out.data(), out.size());
    return out;
}

}  // namespace

TEST_CASE("every binary16 becomes the f32 of the same value") {
    const size_t shift = GENERATE(0, 1);
    const auto out = convert_all(DType::f16, shift);
    size_t wrong = 0;
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const double wanted = value_of(bits, 5, 10);
        if (!same(out[bits], wanted) || !same(f16_to_f32(static_cast<uint16_t>(bits)), wanted)) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("every bfloat16 becomes the f32 of the same value") {
    const size_t shift = GENERATE(0, 1);
    const auto out = convert_all(DType::bf16, shift);
    size_t wrong = 0;
    for (unsigned bits = 0; bits < 65536; ++bits) {
        if (!same(out[bits], value_of(bits, 8, 7))) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("conversion writes exactly the requested number of elements, for any vector length") {
    const DType dtype = GENERATE(DType::f32, DType::f16, DType::bf16, DType::i8, DType::i16, DType::i32);
    std::vector<std::byte> zeros(4 * 70);
    for (size_t count = 0; count < 70; ++count) {
        std::vector<float> out(71, 5.0F);
        to_f32(dtype, zeros.data(), out.data(), count);
        size_t done = 0;
        for (const float value : out) done += value == 0 ? 1 : 0;
        REQUIRE(done == count);
        REQUIRE(out[count] == 5.0F);
    }
}

TEST_CASE("integers keep their values") {
    std::vector<int8_t> bytes;
    for (int i = -128; i < 128; ++i) bytes.push_back(static_cast<int8_t>(i));
    std::vector<float> out(bytes.size());
    to_f32(DType::i8, reinterpret_cast<const std::byte*>(bytes.data()), out.data(), out.size());
    for (size_t i = 0; i < out.size(); ++i) REQUIRE(out[i] == static_cast<float>(i) - 128.0F);

    const int16_t shorts[] = {-32768, -1, 0, 32767};
    to_f32(DType::i16, reinterpret_cast<const std::byte*>(shorts), out.data(), 4);
    CHECK(out[0] == -32768.0F);
    CHECK(out[3] == 32767.0F);
}
