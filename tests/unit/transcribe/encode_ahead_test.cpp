#include "transcribe/encode_ahead.h"

#include <atomic>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "catch.h"

using namespace npuscribe;

namespace {

constexpr size_t kMels = 2;

/// 2·n_ctx frames, all of one value.
Buffer<float> mel(size_t n_ctx, float value) {
    Buffer<float> values(2 * n_ctx * kMels);
    std::fill(values.begin(), values.end(), value);
    return values;
}

/// Writes the mel's value into every frame; stops at a gate, and fails at negative values.
class Gated : public EncodeModel {
  public:
    Gated() {
        dimensions_.n_mels = kMels;
        dimensions_.n_audio_state = 1;
    }
    const Dimensions& dimensions() const override { return dimensions_; }
    void encode(MatrixView<const float> from, MatrixView<float> to) override {
        times_.matmul = ++begun;  // so that one window's share is 1
        gate.acquire();
        if (from(0, 0) < 0) throw std::runtime_error("the device is gone");
        for (size_t row = 0; row < to.rows; ++row) to(row, 0) = from(0, 0);
    }
    const EncoderTimes& times() const override { return times_; }

    bool gains_from_pairs() const override { return pairs; }
    void encode_pair(EncodeJob& first, EncodeJob& second) override {
        ++pairs_begun;
        EncodeModel::encode_pair(first, second);
    }

    std::counting_semaphore<> gate{0};
    std::atomic<int> begun{0}, pairs_begun{0};
    bool pairs = false;

  private:
    Dimensions dimensions_;
    EncoderTimes times_;
};

EncodedWindow next(EncodeAhead& ahead) {
    while (true) {
        if (auto window = ahead.take()) return std::move(*window);
        ahead.wait(std::chrono::seconds(1));
    }
}

}  // namespace

TEST_CASE("A window is encoded on the caller's thread if nothing runs ahead") {
    Gated encoder;
    encoder.gate.release();
    const auto window = encode_window(encoder, mel(3, 7));
    CHECK(window.n_ctx == 3);
    CHECK(window.output[2] == 7);
    CHECK(window.times.matmul == 1);
}

TEST_CASE("Windows are encoded while the caller does something else, and come back in order") {
    Gated encoder;
    EncodeAhead ahead(encoder, 2);
    CHECK(ahead.empty());
    ahead.submit(mel(3, 1));
    ahead.submit(mel(5, 2));
    CHECK_FALSE(ahead.has_room());
    CHECK_FALSE(ahead.take());  // held at the gate, and the caller is free
    encoder.gate.release(2);
    const auto first = next(ahead);
    CHECK(first.n_ctx == 3);
    CHECK(first.output[0] == 1);
    CHECK(ahead.has_room());
    const auto second = next(ahead);
    CHECK(second.n_ctx == 5);
    CHECK(second.output[4] == 2);
    CHECK(second.times.matmul == 1);
    CHECK(ahead.empty());
}

TEST_CASE("An exception of the encoder reaches whoever takes that window, and the next one is not lost") {
    Gated encoder;
    encoder.gate.release(2);
    EncodeAhead ahead(encoder, 2);
    ahead.submit(mel(1, -1));
    ahead.submit(mel(1, 4));
    CHECK_THROWS_AS(next(ahead), std::runtime_error);
    CHECK(next(ahead).output[0] == 4);
}

TEST_CASE("On destruction the encoder finishes its window and drops the others") {
    Gated encoder;
    std::thread opener;
    {
        EncodeAhead ahead(encoder, 3);
        for (int i = 0; i < 3; ++i) ahead.submit(mel(1, 1));
        encoder.gate.release();
        next(ahead);
        // Once nobody takes windows any more; before, the third would be begun and wait forever.
        opener = std::thread([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            encoder.gate.release(2);
        });
    }
    opener.join();
    CHECK(encoder.begun <= 2);
}

TEST_CASE(
    "The first window is encoded alone, and then two that wait together, if the model gains from that") {
    for (const bool pairs : {true, false}) {
        Gated encoder;
        encoder.pairs = pairs;
        EncodeAhead ahead(encoder, 4);
        for (const float value : {1.F, 2.F, 3.F, 4.F}) ahead.submit(mel(static_cast<size_t>(value), value));
        while (encoder.begun == 0) std::this_thread::yield();
        CHECK(encoder.pairs_begun == 0);
        encoder.gate.release();
        CHECK(next(ahead).output[0] == 1);
        encoder.gate.release(3);
        for (const float value : {2.F, 3.F, 4.F}) {
            const auto window = next(ahead);
            CHECK(window.n_ctx == static_cast<size_t>(value));
            CHECK(window.output[0] == value);
            CHECK(window.times.matmul == 1);
        }
        CHECK(encoder.pairs_begun == (pairs ? 1 : 0));  // the last one had none to wait with
    }
}

TEST_CASE("An exception for one window of a pair reaches whoever takes that one, and the other is not lost") {
    for (const float bad : {2.F, 3.F}) {
        Gated encoder;
        encoder.pairs = true;
        encoder.gate.release(3);
        EncodeAhead ahead(encoder, 4);
        for (const float value : {1.F, 2.F, 3.F}) ahead.submit(mel(1, value == bad ? -1 : value));
        for (const float value : {1.F, 2.F, 3.F}) {
            if (value == bad) {
                CHECK_THROWS_AS(next(ahead), std::runtime_error);
            } else {
                CHECK(next(ahead).output[0] == value);
            }
        }
    }
}

TEST_CASE("On destruction the encoder finishes its pair and drops the others") {
    Gated encoder;
    encoder.pairs = true;
    std::thread opener;
    {
        EncodeAhead ahead(encoder, 5);
        for (int i = 0; i < 5; ++i) ahead.submit(mel(1, 1));
        encoder.gate.release();
        next(ahead);
        while (encoder.pairs_begun == 0) std::this_thread::yield();
        opener = std::thread([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            encoder.gate.release(2);
        });
    }
    opener.join();
    CHECK(encoder.begun == 3);
    CHECK(encoder.pairs_begun == 1);
}
