#include "bench/device_test/product.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "bfp16/block.h"

namespace npuscribe::device_test {
namespace {

constexpr int64_t kBiasLimit = int64_t{1} << 16;  // in units of the sums
constexpr int64_t kSumLimit = int64_t{1} << 24;   // f32 holds all whole numbers up to this

/// The largest mantissa with which no sum of k products of values up to twice that can reach kSumLimit.
int64_t largest_mantissa(size_t k) {
    const auto room = static_cast<double>(kSumLimit - kBiasLimit) / (4 * static_cast<double>(k));
    return std::clamp<int64_t>(static_cast<int64_t>(std::sqrt(room)), 1, 127);
}

/// Blocks whose exponents differ by one.
void fill_exact(Matrix& matrix, int64_t mantissas, float unit, Random random) {
    for (size_t i = 0; i < matrix.values.size(); i += bfp16::kBlockSize) {
        const float scale = random.next() % 2 == 0 ? unit : 2 * unit;
        const size_t end = std::min(i + bfp16::kBlockSize, matrix.values.size());
        for (size_t j = i; j < end; ++j)
            matrix.values[j] = static_cast<float>(random.around_zero(mantissas)) * scale;
    }
}

void fill_natural(Matrix& matrix, float size, Random random) {
    for (size_t i = 0; i < matrix.values.size(); i += bfp16::kBlockSize) {
        const float scale = std::ldexp(size, static_cast<int>(random.around_zero(3)));
        const size_t end = std::min(i + bfp16::kBlockSize, matrix.values.size());
        for (size_t j = i; j < end; ++j) matrix.values[j] = random.bell() * scale;
    }
}

double gamma_of(double additions, double roundoff) {
    return additions * roundoff / (1 - additions * roundoff);
}

/// The bound of make_product.
Matrix allowed_differences(const Product& product, Device& cpu) {
    Product magnitudes = product;
    for (auto* values : {&magnitudes.x.values, &magnitudes.w.values, &magnitudes.bias})
        for (float& value : *values) value = std::fabs(value);
    Matrix allowed = multiply(cpu, magnitudes);
    const auto additions = static_cast<double>(product.k()) + 1;
    // A block's mantissas reach from −128 to 127, so a magnitude may round to a little less than its value.
    constexpr double kMantissas = 1 + 0x1p-5;
    const double bound = (gamma_of(additions, 0x1p-23) + gamma_of(additions, 0x1p-24)) * kMantissas;
    for (float& value : allowed.values) value = static_cast<float>(value * bound);
    return allowed;
}

}  // namespace

std::string_view name(Data data) {
    return data == Data::exact ? "exact" : "natural";
}

std::string Product::describe() const {
    return fmt::format("{} x {} by {} x {}{}", m(), k(), k(), n(), sums == Sums::bf16 ? ", to bf16" : "");
}

Product rounded_to_bf16(Product product) {
    product.sums = Sums::bf16;
    for (float& value : product.expected.values) {
        const auto bits = std::bit_cast<uint32_t>(value);
        const uint32_t is_odd = bits >> 16 & 1U;
        value = std::bit_cast<float>((bits + 0x7FFFU + is_odd) & 0xFFFF0000U);
    }
    return product;
}

Matrix natural_matrix(size_t rows, size_t cols, uint64_t seed) {
    Matrix matrix(rows, cols);
    fill_natural(matrix, 1, Random(seed));
    return matrix;
}

void give_operand(Product& product, const Matrix& x, Device& cpu) {
    product.x = x;
    product.expected = multiply(cpu, product);
    if (product.data == Data::natural) product.allowed = allowed_differences(product, cpu);
}

Product make_product(Data data, size_t m, size_t k, size_t n, uint64_t seed, Device& cpu) {
    Product product;
    product.data = data;
    product.seed = seed;
    product.x = Matrix(m, k);
    product.w = Matrix(n, k);
    product.bias.resize(n);
    Random of_bias(3 * seed + 2);
    if (data == Data::exact) {
        constexpr float kUnitOfX = 0x1p-5F, kUnitOfW = 0x1p-9F;
        const int64_t mantissas = largest_mantissa(k);
        fill_exact(product.x, mantissas, kUnitOfX, Random(3 * seed));
        fill_exact(product.w, mantissas, kUnitOfW, Random(3 * seed + 1));
        for (float& value : product.bias)
            value = static_cast<float>(of_bias.around_zero(kBiasLimit)) * kUnitOfX * kUnitOfW;
    } else {
        fill_natural(product.x, 1, Random(3 * seed));
        fill_natural(product.w, 1 / std::sqrt(static_cast<float>(k)), Random(3 * seed + 1));
        for (float& value : product.bias) value = of_bias.bell();
    }
    product.expected = multiply(cpu, product);
    if (data == Data::natural) product.allowed = allowed_differences(product, cpu);
    return product;
}

Matrix multiply(Device& device, const Product& product) {
    const auto linear = device.load({product.w.view(), product.bias, product.describe(), product.sums});
    const auto operand = device.make_operand(product.m(), product.k());
    device.prepare(product.x.view(), nullptr, *operand);
    Matrix y(product.m(), product.n());
    linear->submit(*operand, y.view(), Epilogue::none).wait();
    return y;
}

}  // namespace npuscribe::device_test
