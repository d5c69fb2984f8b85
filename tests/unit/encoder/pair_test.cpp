#include <chrono>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "device/choose.h"
#include "encoder/encoder.h"
#include "encoder/pair_order.h"
#include "random_checkpoint.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

const Dimensions kSmall{.n_mels = 80,
                        .n_audio_ctx = 150,
                        .n_audio_state = 384,
                        .n_audio_head = 6,
                        .n_audio_layer = 2,
                        .n_vocab = 16,
                        .n_text_ctx = 8,
                        .n_text_state = 64,
                        .n_text_head = 1,
                        .n_text_layer = 1};

/// A window's mel and the room for its output.
struct Window {
    Window(size_t n_ctx, unsigned seed) : mel(2 * n_ctx * kSmall.n_mels), out(n_ctx * kSmall.n_audio_state) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        for (float& value : mel) value = normal(random);
    }
    size_t n_ctx() const { return out.size() / kSmall.n_audio_state; }
    MatrixView<const float> input() const { return {mel.data(), 2 * n_ctx(), kSmall.n_mels}; }
    EncodeJob job() { return {input(), {out.data(), n_ctx(), kSmall.n_audio_state}}; }

    std::vector<float> mel, out;
};

std::vector<float> encoded_alone(Encoder& encoder, Window window) {
    encoder.encode(window.input(), {window.out.data(), window.n_ctx(), kSmall.n_audio_state});
    return window.out;
}

/// The steps of both windows, in order: "A0 A1 B0 …".
std::string order(size_t first_steps, size_t second_steps) {
    StepsDone first{0, first_steps}, second{0, second_steps};
    std::string text;
    while (!first.finished() || !second.finished()) {
        const bool goes = first_goes(first, second);
        StepsDone& window = goes ? first : second;
        text += (text.empty() ? "" : " ") + std::string(goes ? "A" : "B") + std::to_string(window.done++);
    }
    return text;
}

}  // namespace

TEST_CASE("Two windows encoded together have, bit by bit, the results of each alone") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    for (const size_t threads : {1, 3}) {
        ThreadPool pool(threads);
        for (const std::string name : {"cpu", "emulated"}) {
            if (name == "emulated" && threads == 1) continue;  // it takes seconds
            const auto device = choose_device(name, {Precision::bfp16, {}}, pool).device;
            Encoder encoder(checkpoint, *device, pool);
            // A short context beside a long one, in both orders; and equal ones.
            for (const auto& [one, two] : {std::pair{150, 33}, {1, 150}, {64, 64}}) {
                INFO(name << ", " << threads << " threads, " << one << " and " << two << " frames");
                Window first(one, 2), second(two, 3);
                EncodeJob a = first.job(), b = second.job();
                encoder.encode_pair(a, b);
                CHECK_FALSE(a.error);
                CHECK_FALSE(b.error);
                CHECK(first.out == encoded_alone(encoder, first));
                CHECK(second.out == encoded_alone(encoder, second));
            }
        }
    }
}

TEST_CASE("The windows of a pair share its time, and each has its own part of it") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    ThreadPool pool(1);
    const auto device = choose_device("cpu", {Precision::bfp16, {}}, pool).device;
    Encoder encoder(checkpoint, *device, pool);
    Window first(150, 2), second(20, 3);
    EncodeJob a = first.job(), b = second.job();
    const Stopwatch watch;
    encoder.encode_pair(a, b);
    const double all = watch.seconds();
    CHECK(a.seconds + b.seconds <= all);
    CHECK(b.seconds < a.seconds);  // an eighth of the frames
    for (const EncodeJob& job : {a, b}) {
        const EncoderTimes& t = job.times;
        CHECK(t.attention > 0);
        CHECK(t.matmul > 0);
        CHECK(t.stem + t.quantise + t.matmul + t.attention + t.norm <= job.seconds);
        CHECK(std::chrono::duration<double>(job.span.end - job.span.begin).count() >= job.seconds * 0.999);
    }
    CHECK(encoder.times().attention == a.times.attention + b.times.attention);
}

TEST_CASE("A window that cannot be encoded does not stop the other of its pair") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    ThreadPool pool(2);
    const auto device = choose_device("emulated", {Precision::bfp16, {}}, pool).device;
    Encoder encoder(checkpoint, *device, pool);
    Window good(60, 4);
    const auto wanted = encoded_alone(encoder, good);
    Window bad(40, 5);
    bad.mel[7] = std::numeric_limits<float>::quiet_NaN();
    Window longer(200, 6);  // than the model's 150 frames
    for (Window* other : {&bad, &longer}) {
        for (const bool good_first : {true, false}) {
            good.out.assign(good.out.size(), 0);
            EncodeJob a = good.job(), b = other->job();
            if (good_first) {
                encoder.encode_pair(a, b);
            } else {
                encoder.encode_pair(b, a);
            }
            CHECK_FALSE(a.error);
            CHECK(good.out == wanted);
            REQUIRE(b.error);
            const auto message = message_of<Error>([&] { std::rethrow_exception(b.error); });
            CHECK(contains(message, other == &bad ? "NaN at row" : "up to 300 frames of 80"));
        }
    }
    CHECK(encoded_alone(encoder, good) == wanted);  // and nothing is left behind
}

TEST_CASE("Only an asynchronous device gains from pairs") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    ThreadPool pool(1);
    const auto device = choose_device("cpu", {Precision::bfp16, {}}, pool).device;
    CHECK_FALSE(device->info().asynchronous);
    CHECK_FALSE(Encoder(checkpoint, *device, pool).gains_from_pairs());
}

TEST_CASE("The first window of a pair stays half a layer ahead") {
    // One layer: 0 the stem, 1 before Q, K and V, 2 to 4 attention, 5 before the MLP, 6 the final norm.
    static_assert(window_steps(1, kAttentionPieces) == 7);
    CHECK(order(7, 7) == "A0 A1 B0 A2 A3 B1 A4 B2 A5 B3 A6 B4 B5 B6");
    // Once one window is done, the other goes on alone.
    CHECK(order(2, 7) == "A0 A1 B0 B1 B2 B3 B4 B5 B6");
    CHECK(order(7, 1) == "A0 A1 B0 A2 A3 A4 A5 A6");
}
