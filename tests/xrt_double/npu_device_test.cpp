// The npu device from end to end, on the double, with tiny.en's sizes (n_audio_state 384) and few rows.

#include <limits>

#include <utility>

#include "device/load_linear.h"
#include "encoder/layer.h"
#include "npu_fixture.h"
#include "random_checkpoint.h"
#include "unit/device/chain_bound.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {
constexpr size_t kState = 384;
constexpr double kGate = 1e-6;  // relative L2 error against a product of the same rounded operands
}  // namespace

TEST_CASE("a linear on the npu is a matmul of BFP16 values with its bias", "[npu]") {
    Npu npu;
    const auto w = Matrix::random(kState, kState, 1);
    const auto x = Matrix::random(100, kState, 2);
    const auto bias = random_bias(kState, 3);
    const auto linear = npu.load(w, bias);
    REQUIRE(linear->n() == kState);
    REQUIRE(linear->k() == kState);
    const auto operand = npu.operand(x);

    SECTION("stored") {
        Matrix y(x.rows, kState);
        linear->submit(*operand, y.view(), Epilogue::none).wait();
        CHECK(relative_l2(y, product(x, w, bias)) < kGate);
    }
    SECTION("added to the values in y") {
        Matrix y = Matrix::random(x.rows, kState, 4);
        Matrix expected = product(x, w, bias);
        for (size_t i = 0; i < y.values.size(); ++i) expected.values[i] += y.values[i];
        linear->submit(*operand, y.view(), Epilogue::add_residual).wait();
        CHECK(relative_l2(y, expected) < kGate);
    }
    SECTION("with GELU, into a matrix with a wider stride") {
        Matrix wide(x.rows, kState + 16);
        linear->submit(*operand, {wide.values.data(), x.rows, kState, wide.cols}, Epilogue::gelu).wait();
        const Matrix sums = product(x, w, bias);
        double worst = 0;
        for (size_t r = 0; r < x.rows; ++r) {
            for (size_t c = 0; c < kState; ++c) {
                worst = std::max(worst, std::fabs(wide(r, c) - gelu(sums(r, c))));
            }
            for (size_t c = kState; c < wide.cols; ++c) REQUIRE(wide(r, c) == 0.0F);
        }
        CHECK(worst < 1e-3);  // sums reach some hundreds, in fp32
    }
}

TEST_CASE("a result becomes the next operand", "[npu]") {
    Npu npu;
    const auto w1 = Matrix::random(4 * kState, kState, 5), w2 = Matrix::random(kState, 4 * kState, 6);
    const auto x = Matrix::random(40, kState, 7);
    const auto fc1 = npu.load(w1, {}, "mlp.0"), fc2 = npu.load(w2, {}, "mlp.2");
    const auto operand = npu.operand(x);
    const auto inner = npu.device->make_operand(x.rows, 4 * kState);
    Matrix y(x.rows, kState);

    Run first = fc1->submit(*operand, *inner, Epilogue::none);
    SECTION("after it has been waited for") {
        first.wait();
    }
    SECTION("before it has been waited for") {}
    fc2->submit(*inner, y.view(), Epilogue::none).wait();
    // The inner values are rounded to BFP16 again, and a sum in another order may round a tie the other way.
    CHECK(relative_l2(y, product(product(x, w1, {}), w2, {})) < 1e-4);
}

TEST_CASE("query, key and value are one runlist", "[npu]") {
    Npu npu;
    const auto x = Matrix::random(64, kState, 8);
    std::vector<Matrix> weights;
    std::vector<std::unique_ptr<Linear>> linears;
    for (unsigned i = 0; i < 3; ++i) {
        weights.push_back(Matrix::random(kState, kState, 9 + i));
        linears.push_back(npu.load(weights.back(), {}, "attn." + std::to_string(i)));
    }
    const auto operand = npu.operand(x);
    const uint64_t runlists = counted("runlists"), runs = counted("runs");
    std::vector<Matrix> results(3, Matrix(x.rows, kState));
    std::vector<Run> in_flight;
    for (size_t i = 0; i < 3; ++i) {
        in_flight.push_back(linears[i]->submit(*operand, results[i].view(), Epilogue::none));
    }
    for (size_t i = 3; i-- > 0;) in_flight[i].wait();  // in any order
    for (size_t i = 0; i < 3; ++i) CHECK(relative_l2(results[i], product(x, weights[i], {})) < kGate);
    CHECK(counted("runs") == runs + 3);
    CHECK(counted("runlists") == runlists + 1);
    CHECK(counted("longest_runlist") >= 3);
}

TEST_CASE("FC1, GELU and FC2 are one submission, and what is between them is never fetched", "[npu]") {
    Npu npu;
    const auto w1 = Matrix::random(4 * kState, kState, 34), w2 = Matrix::random(kState, 4 * kState, 35);
    const auto b1 = random_bias(4 * kState, 36), b2 = random_bias(kState, 37);
    const auto x = Matrix::random(40, kState, 38);
    const auto both = npu.device->chain(npu.load(w1, b1, "mlp.0"), npu.load(w2, b2, "mlp.2"));
    const auto operand = npu.operand(x);
    const auto inner = npu.device->make_operand(x.rows, 4 * kState);
    Matrix y = Matrix::random(x.rows, kState, 39);
    Matrix between = product(x, w1, b1);
    const double bound = chain_bound(between.view(), w2.view());
    for (float& value : between.values) value = static_cast<float>(gelu(value));
    Matrix expected = product(between, w2, b2);
    for (size_t i = 0; i < y.values.size(); ++i) expected.values[i] += y.values[i];

    Matrix before(x.rows, kState);
    both->submit(*operand, *inner, before.view()).wait();  // the instructions are uploaded on first use
    const uint64_t submissions = counted("submissions"), runs = counted("runs");
    const uint64_t to_device = counted("bytes_to_device"), from_device = counted("bytes_from_device");
    both->submit(*operand, *inner, y.view()).wait();
    CHECK(counted("submissions") == submissions + 1);
    CHECK(counted("runs") == runs + 2);
    CHECK(counted("bytes_to_device") == to_device);
    CHECK(counted("bytes_from_device") == from_device + size_t{8} * 8 * 3456);  // y's sums alone
    CHECK(relative_l2(y, expected) <
          bound / as_eigen(std::span<const float>(expected.values)).norm() + kGate);
    CHECK(counted("violations") == 0);
}

TEST_CASE("the operand between FC1 and FC2 serves one layer after the other, and the host, too", "[npu]") {
    Npu npu;
    const auto w1 = Matrix::random(4 * kState, kState, 40), w2 = Matrix::random(kState, 4 * kState, 41);
    const auto x = Matrix::random(8, kState, 42);
    const auto one = npu.device->chain(npu.load(w1, {}), npu.load(w2, {}));
    const auto two = npu.device->chain(npu.load(w1, {}), npu.load(w2, {}));
    const auto operand = npu.operand(x);
    const auto inner = npu.device->make_operand(x.rows, 4 * kState);
    Matrix first(x.rows, kState), second(x.rows, kState), third(x.rows, kState);
    Run pending = one->submit(*operand, *inner, first.view());
    two->submit(*operand, *inner, second.view()).wait();  // its operand is waited for
    pending.wait();
    CHECK(first.values == second.values);
    // Filled by the host, it is an operand as any other.
    npu.device->prepare(Matrix::random(x.rows, 4 * kState, 43).view(), nullptr, *inner);
    npu.load(w2, {})->submit(*inner, third.view(), Epilogue::none).wait();
    CHECK(relative_l2(third, product(Matrix::random(x.rows, 4 * kState, 43), w2, {})) < kGate);
    one->submit(*operand, *inner, third.view()).wait();
    CHECK(counted("violations") == 0);
}

TEST_CASE("an encoder layer has three submissions and waits three times, where it had four", "[npu]") {
    constexpr size_t kFrames = 48;
    Npu npu;
    Dimensions d;
    d.n_mels = 8;
    d.n_audio_ctx = kFrames;
    d.n_audio_state = d.n_text_state = kState;
    d.n_audio_head = d.n_text_head = kState / 64;
    d.n_audio_layer = 2;
    d.n_vocab = d.n_text_ctx = 8;
    d.n_text_layer = 1;
    const RandomCheckpoint checkpoint(d, 44);
    SelfAttention attention(kFrames, d.n_audio_head, Precision::bfp16, npu.pool);
    Matrix x = Matrix::random(kFrames, kState, 45);
    LayerTimes times;
    const auto counted_in = [&](auto&& work) {
        const uint64_t submissions = counted("submissions"), waits = counted("waits");
        work();
        return std::pair(counted("submissions") - submissions, counted("waits") - waits);
    };
    using Counts = std::pair<uint64_t, uint64_t>;

    LayerWorkspace workspace(d, *npu.device);
    EncoderLayer first(checkpoint, 0, *npu.device), second(checkpoint, 1, *npu.device);
    CHECK(counted_in([&] { first.run(x.view(), workspace, attention, times); }) == Counts(3, 3));
    CHECK(counted_in([&] { second.run(x.view(), workspace, attention, times); }) == Counts(3, 3));

    // As it was: a linear each, and the host between FC1 and FC2.
    const std::string block = "encoder.blocks.0.";
    std::vector<std::unique_ptr<Linear>> linears;
    for (const char* name : {"attn.query", "attn.key", "attn.value", "attn.out", "mlp.0", "mlp.2"})
        linears.push_back(load_linear(checkpoint, block + name, *npu.device));
    const auto operand = npu.operand(x);
    const auto inner = npu.device->make_operand(kFrames, 4 * kState);
    std::vector<Matrix> results(3, Matrix(kFrames, kState));
    CHECK(counted_in([&] {
              Run runs[3];
              for (size_t i = 0; i < 3; ++i)
                  runs[i] = linears[i]->submit(*operand, results[i].view(), Epilogue::none);
              for (Run& run : runs) run.wait();
              linears[3]->submit(*operand, x.view(), Epilogue::add_residual).wait();
              linears[4]->submit(*operand, *inner, Epilogue::gelu).wait();
              linears[5]->submit(*inner, x.view(), Epilogue::add_residual).wait();
          }) == Counts(4, 4));
    CHECK(counted("violations") == 0);
}

TEST_CASE("weights are sent once, and activations every time", "[npu]") {
    Npu npu;
    const auto linear = npu.load(Matrix::random(kState, kState, 12), {});
    const auto x = Matrix::random(64, kState, 13);
    const auto operand = npu.device->make_operand(64, kState);
    Matrix y(x.rows, kState);
    const auto once = [&] {
        const uint64_t before = counted("bytes_to_device");
        npu.device->prepare(x.view(), nullptr, *operand);
        linear->submit(*operand, y.view(), Epilogue::none).wait();
        return counted("bytes_to_device") - before;
    };
    once();
    // A row of tiles: 128 rows of 384 values, 9 bytes for 8.
    CHECK(once() == 128 * kState / 8 * 9);
    const uint64_t before = counted("bytes_from_device");
    once();
    CHECK(counted("bytes_from_device") - before ==
          size_t{8} * 8 * 3456);  // of eight tiles of 128 x 48 f32, in pieces of 3456
}

TEST_CASE("rows are padded to one program's size, or cut into pieces for several calls", "[npu]") {
    Npu npu;
    const auto w = Matrix::random(kState, kState, 14);
    const auto bias = random_bias(kState, 15);
    const auto linear = npu.load(w, bias);
    // kernels/plan.json has programs for up to 3072 rows.
    for (const size_t rows : {size_t{1}, size_t{257}, size_t{3072 + 65}}) {
        CAPTURE(rows);
        const auto x = Matrix::random(rows, kState, 16);
        const auto operand = npu.operand(x);
        Matrix y(rows, kState);
        linear->submit(*operand, y.view(), Epilogue::none).wait();
        // Padding could show in the last row first. Only a few rows are checked, to keep the test quick.
        for (const size_t r : {size_t{0}, rows / 2, rows - 1}) {
            Matrix one(1, kState), got(1, kState);
            std::copy_n(x.values.data() + r * kState, kState, one.values.data());
            std::copy_n(y.values.data() + r * kState, kState, got.values.data());
            CHECK(relative_l2(got, product(one, w, bias)) < kGate);
        }
    }
}

TEST_CASE("an operand can be filled again with fewer rows, but not with more than it was made for", "[npu]") {
    Npu npu;
    const auto w = Matrix::random(kState, kState, 17);
    const auto linear = npu.load(w, {});
    const auto operand = npu.device->make_operand(300, kState);
    for (const size_t rows : {size_t{300}, size_t{20}}) {
        const auto x = Matrix::random(rows, kState, 18);
        npu.device->prepare(x.view(), nullptr, *operand);
        Matrix y(rows, kState);
        linear->submit(*operand, y.view(), Epilogue::none).wait();
        CHECK(relative_l2(y, product(x, w, {})) < kGate);
    }
    Matrix more(301, kState);
    CHECK_THROWS_AS(npu.device->prepare(more.view(), nullptr, *operand), DeviceError);
}

TEST_CASE("layer norm is applied before rounding", "[npu]") {
    Npu npu;
    const auto w = Matrix::random(kState, kState, 19), x = Matrix::random(30, kState, 20);
    const auto weight = random_bias(kState, 21), bias = random_bias(kState, 22);
    Matrix normal(x.rows, kState);
    for (size_t r = 0; r < x.rows; ++r) {
        double mean = 0, variance = 0;
        for (size_t c = 0; c < kState; ++c) mean += x(r, c) / kState;
        for (size_t c = 0; c < kState; ++c) variance += std::pow(x(r, c) - mean, 2) / kState;
        for (size_t c = 0; c < kState; ++c) {
            normal.values[r * kState + c] =
                static_cast<float>((x(r, c) - mean) / std::sqrt(variance + 1e-5) * weight[c] + bias[c]);
        }
    }
    const auto linear = npu.load(w, {});
    const auto operand = npu.device->make_operand(x.rows, kState);
    const LayerNorm norm{weight, bias};
    npu.device->prepare(x.view(), &norm, *operand);
    Matrix y(x.rows, kState);
    linear->submit(*operand, y.view(), Epilogue::none).wait();
    CHECK(relative_l2(y, product(normal, w, {})) < 1e-4);  // fp32 rounding may turn a tie of BFP16's rounding
}

TEST_CASE("a run that nobody waits for is completed before its memory is freed", "[npu]") {
    {
        Npu npu;
        const auto linear = npu.load(Matrix::random(kState, kState, 23), {});
        const auto operand = npu.operand(Matrix::random(64, kState, 24));
        Matrix y(64, kState);
        { const Run forgotten = linear->submit(*operand, y.view(), Epilogue::none); }
    }
    CHECK(counted("violations") == 0);
}

TEST_CASE("an operand may be destroyed before the run that fills it", "[npu]") {
    Npu npu;
    const auto linear = npu.load(Matrix::random(kState, kState, 32), {});
    const auto operand = npu.operand(Matrix::random(8, kState, 33));
    auto result = npu.device->make_operand(8, kState);
    Run run = linear->submit(*operand, *result, Epilogue::none);
    result.reset();
    CHECK_NOTHROW(run.wait());
    CHECK(counted("violations") == 0);
}

TEST_CASE("a closed device leaves no buffer, context or device open", "[npu]") {
    {
        Npu npu;
        const auto linear = npu.load(Matrix::random(kState, kState, 25), {});
        const auto operand = npu.operand(Matrix::random(64, kState, 26));
        Matrix y(64, kState);
        linear->submit(*operand, y.view(), Epilogue::none).wait();
        CHECK(counted("buffers_open") > 0);
    }
    CHECK(counted("buffers_open") == 0);
    CHECK(counted("contexts_open") == 0);
    CHECK(counted("devices_open") == 0);
    CHECK(counted("violations") == 0);
}

TEST_CASE("values that BFP16 cannot hold are refused, naming row and column", "[npu]") {
    Npu npu;
    Matrix w = Matrix::random(kState, kState, 27);
    Matrix x = Matrix::random(20, kState, 28);
    const auto linear = npu.load(w, {});
    w.values[3 * kState + 7] = std::numeric_limits<float>::quiet_NaN();
    const auto weights = message_of<ModelError>([&] { npu.load(w, {}, "encoder.blocks.0.mlp.0"); });
    CHECK(contains(weights, "encoder.blocks.0.mlp.0"));
    CHECK(contains(weights, "row 3, column 7"));
    x.values[19 * kState + 5] = std::numeric_limits<float>::infinity();
    CHECK(contains(message_of<DeviceError>([&] { npu.operand(x); }), "row 19, column 5"));
}

TEST_CASE("shapes that do not fit are refused", "[npu]") {
    Npu npu;
    const auto linear = npu.load(Matrix::random(kState, kState, 29), {}, "attn.query");
    const auto operand = npu.operand(Matrix::random(20, kState, 30));
    Matrix narrow(20, kState - 1);
    CHECK(contains(message_of<DeviceError>([&] { linear->submit(*operand, narrow.view(), Epilogue::none); }),
                   "attn.query"));
    const auto missing =
        message_of<DeviceError>([&] { npu.load(Matrix::random(100, 704, 31), {}, "odd.one"); });
    CHECK(contains(missing, "there is no xclbin for odd.one, whose weights are 100 x 704"));
    DeviceOptions fp32;
    fp32.precision = Precision::fp32;
    CHECK(contains(message_of<DeviceError>([&] { make_npu_device(fp32, npu.pool); }), "not in fp32"));
}

TEST_CASE("the device says what it is", "[npu]") {
    Npu npu;
    const DeviceInfo info = npu.device->info();
    CHECK(info.name == "npu");
    CHECK(contains(info.description, "test double of XRT"));
    CHECK(contains(info.description, "power mode default"));
    CHECK(info.asynchronous);
    CHECK_FALSE(info.modelled_times);
}
