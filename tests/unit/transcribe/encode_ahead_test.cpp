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

    std::counting_semaphore<> gate{0};
    std::atomic<int> begun{0};

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
