#include "device/emulated/emulated_device.h"

#include <cmath>
#include <vector>

#include "base/thread_pool.h"
#include "bfp16/block.h"
#include "catch.h"
#include "device/array/array_model.h"
#include "device/cpu/cpu_device.h"
#include "unit/device/whisper_like.h"

using namespace npuscribe;
using test::Approx;
using test::Values;

namespace {

constexpr double kRoundoff = 0x1p-24;

/// γₙ = n·u / (1 − n·u): the bound on the relative error of a sum of n terms in any order (Higham, Accuracy
/// and Stability of Numerical Algorithms, section 3.1).
double gamma_of(double n) {
    return n * kRoundoff / (1 - n * kRoundoff);
}

Values rounded(const Values& x, size_t rows, size_t cols) {
    Values out(x.size());
    bfp16::dequantise(bfp16::quantise({x.data(), rows, cols}, bfp16::Rounding::nearest_even),
                      {out.data(), rows, cols});
    return out;
}

Values multiplied(Device& device, const Values& x, const Values& w, const Values& b, size_t m, size_t k,
                  size_t n) {
    const auto linear = device.load({{w.data(), n, k}, b, "layer"});
    const auto operand = device.make_operand(m, k);
    device.prepare({x.data(), m, k}, nullptr, *operand);
    Values y(m * n);
    linear->submit(*operand, {y.data(), m, n}, Epilogue::none).wait();
    return y;
}

}  // namespace

TEST_CASE("the emulated array and the cpu device differ only by the order of f32 additions") {
    // Both multiply the same rounded operands, and exactly: a product of two 8-bit significands has 16 bits.
    // They differ in the order in which they add the K products and the bias in f32. The array adds the eight
    // products of a block exactly and rounds once for each block, K/8 times. The cpu device may use any
    // order, and rounds at most K times. So, for every element,
    //     |array − cpu| ≤ (γ(K/8) + γ(K)) · (Σ |x·w| + |b|).
    const auto [m, k, n] = GENERATE(
        table<size_t, size_t, size_t>({{64, 384, 384}, {40, 512, 2048}, {40, 2048, 512}, {16, 1280, 1280}}));
    const Values x = test::activations(m, k), w = test::weights(n, k), b = test::biases(n);
    ThreadPool pool(2);
    const auto emulated = make_emulated_device({}, pool), cpu = make_cpu_device({}, pool);
    const Values from_array = multiplied(*emulated, x, w, b, m, k, n),
                 from_cpu = multiplied(*cpu, x, w, b, m, k, n);

    Values absolute_x = rounded(x, m, k), absolute_w = rounded(w, n, k), absolute_b = b;
    for (auto* values : {&absolute_x, &absolute_w, &absolute_b}) {
        for (float& value : *values) value = std::fabs(value);
    }
    const auto magnitudes = test::in_double(absolute_x, absolute_w, absolute_b, m, k, n);
    const double bound = gamma_of(static_cast<double>(k) / 8) + gamma_of(static_cast<double>(k));
    double worst = 0;
    for (size_t i = 0; i < magnitudes.size(); ++i) {
        worst = std::max(worst, std::fabs(static_cast<double>(from_array[i]) - from_cpu[i]) / magnitudes[i]);
    }
    CHECK(worst > 0);  // they are not the same code
    CHECK(worst <= bound);
}

TEST_CASE("with another rounding of the operands, the bound does not hold") {
    const size_t m = 64, k = 512, n = 512;
    const Values x = test::activations(m, k), w = test::weights(n, k), b = test::biases(n);
    ThreadPool pool(2);
    const auto emulated = make_emulated_device({Precision::bfp16, bfp16::Rounding::floor}, pool);
    const auto cpu = make_cpu_device({}, pool);
    const Values from_array = multiplied(*emulated, x, w, b, m, k, n),
                 from_cpu = multiplied(*cpu, x, w, b, m, k, n);
    const std::vector<double> reference(from_cpu.begin(), from_cpu.end());
    CHECK(test::relative_l2(from_array, reference) > 1e-3);
}

TEST_CASE("int8 sums are exact, so the emulated array and the cpu device give the same bits") {
    const auto precision = GENERATE(Precision::int8, Precision::int8_tensor);
    const auto [m, k, n] =
        GENERATE(table<size_t, size_t, size_t>({{64, 384, 384}, {40, 512, 1024}, {16, 2048, 512}}));
    const Values x = test::activations(m, k), w = test::weights(n, k), b = test::biases(n);
    ThreadPool pool(2);
    const auto emulated = make_emulated_device({precision, {}}, pool),
               cpu = make_cpu_device({precision, {}}, pool);
    const bool same = multiplied(*emulated, x, w, b, m, k, n) == multiplied(*cpu, x, w, b, m, k, n);
    CHECK(same);
}

TEST_CASE("sums of the largest int8 values do not saturate") {
    // 127 x 127 and −128 x −128, 2048 times: this fails if pairs of products are added in 16 bits.
    const size_t m = 8, k = 2048, n = 16;
    ThreadPool pool(2);
    for (const float value : {127.0F / 64, -2.0F}) {
        const Values x(m * k, value), w(n * k, value);
        const auto cpu = make_cpu_device({Precision::int8, {}}, pool);
        const auto emulated = make_emulated_device({Precision::int8, {}}, pool);
        const double exact = static_cast<double>(value) * value * static_cast<double>(k);
        // BFP16 keeps eight bits of the sum.
        CHECK(multiplied(*cpu, x, w, {}, m, k, n)[0] == Approx(exact).epsilon(1.0 / 128));
        const bool same = multiplied(*cpu, x, w, {}, m, k, n) == multiplied(*emulated, x, w, {}, m, k, n);
        CHECK(same);
    }
}

TEST_CASE("more rows than one call of the array takes are split into several calls") {
    const size_t m = 3100, k = 64, n = 64;
    const Values x = test::activations(m, k), w = test::weights(n, k), b = test::biases(n);
    ThreadPool pool(2);
    const auto device = make_emulated_device({}, pool);
    const Values y = multiplied(*device, x, w, b, m, k, n);
    CHECK(test::relative_l2(y, test::in_double(rounded(x, m, k), rounded(w, n, k), b, m, k, n)) < 1e-6);
    CHECK(device->stats().matmuls == 2);
}

TEST_CASE("the device reports the model's times") {
    const Values x = test::activations(512, 512), w = test::weights(512, 512);
    ThreadPool pool(2);
    const auto device = make_emulated_device({}, pool);
    CHECK(device->info().modelled_times);
    multiplied(*device, x, w, {}, 512, 512, 512);
    const auto& plan = array::Plan::built_in();
    const auto time = array::model(plan.gemm(plan.program_for(array::Kernel::bfp16, 512), 512, 512, 512));
    const auto stats = device->stats();
    CHECK(stats.cycles == time.cycles);
    CHECK(stats.bytes_to_device == time.bytes_read);
    CHECK(stats.bytes_from_device == time.bytes_written);
    CHECK(stats.matmul_seconds + stats.transfer_seconds == Approx(time.total));
}

TEST_CASE("a chain is dispatched once, and its inner values never leave the array") {
    const size_t m = 512, k = 512, wide = 2048;
    const Values x = test::activations(m, k), w1 = test::weights(wide, k), w2 = test::weights(k, wide);
    ThreadPool pool(2);
    const auto device = make_emulated_device({}, pool);
    const auto chain = device->chain(device->load({{w1.data(), wide, k}, {}, "mlp.0", Sums::bf16}),
                                     device->load({{w2.data(), k, wide}, {}, "mlp.2", Sums::bf16}));
    const auto operand = device->make_operand(m, k), inner = device->make_operand(m, wide);
    device->prepare({x.data(), m, k}, nullptr, *operand);
    Values y(m * k);
    chain->submit(*operand, *inner, {y.data(), m, k}).wait();
    const auto& plan = array::Plan::built_in();
    const auto& program = plan.program_for(array::Kernel::bfp16, k);
    const auto first = array::model(plan.gemm(program, m, k, wide, array::Result::gelu_bfp16), {}, 1);
    const auto second = array::model(plan.gemm(program, m, wide, k, array::Result::bf16), {}, 0);
    const auto stats = device->stats();
    CHECK(stats.matmul_seconds + stats.transfer_seconds == Approx(first.total + second.total));
    CHECK(stats.bytes_from_device == first.bytes_written + second.bytes_written);
}

TEST_CASE("with another rounding than a core's, the host stands between the linears of a chain") {
    const size_t m = 8, k = 512, wide = 2048;
    const Values x = test::activations(m, k), w1 = test::weights(wide, k), w2 = test::weights(k, wide);
    ThreadPool pool(2);
    const auto device = make_emulated_device({Precision::bfp16, bfp16::Rounding::floor}, pool);
    const auto load = [&](const Values& w, size_t n, size_t depth) {
        return device->load({{w.data(), n, depth}, {}, "layer"});
    };
    const auto operand = device->make_operand(m, k), inner = device->make_operand(m, wide);
    device->prepare({x.data(), m, k}, nullptr, *operand);
    Values y(m * k), wanted(m * k);
    device->chain(load(w1, wide, k), load(w2, k, wide))->submit(*operand, *inner, {y.data(), m, k}).wait();
    load(w1, wide, k)->submit(*operand, *inner, Epilogue::gelu).wait();
    load(w2, k, wide)->submit(*inner, {wanted.data(), m, k}, Epilogue::none).wait();
    CHECK(y == wanted);
}
