// How many frames of 20 ms are encoded of a window.
#include "transcribe/audio_context.h"

#include "base/error.h"
#include "catch.h"

using namespace npuscribe;
using test::contains;
using test::message_of;

namespace {

constexpr size_t kSecond = 16000;

Dimensions whisper() {
    Dimensions dimensions;
    dimensions.n_audio_ctx = 1500;
    return dimensions;
}

AudioContext fitted(size_t n_audio_ctx = 0) {
    TranscribeOptions options;
    options.n_audio_ctx = n_audio_ctx;
    options.fit_audio_ctx = true;
    return {options, whisper()};
}

}  // namespace

TEST_CASE("A window is encoded with four seconds of silence behind it, in blocks of 64 frames") {
    const AudioContext context = fitted();
    CHECK(context.frames(1) == 256);            // 200 frames of silence, and one
    CHECK(context.frames(5 * kSecond) == 512);  // 9 s are 450
    CHECK(context.frames(56 * 320) == 256);
    CHECK(context.frames(56 * 320 + 1) == 320);
    CHECK(context.frames(20 * kSecond) == 1216);  // 24 s are 1200
}

TEST_CASE("No window is encoded longer than the model's 30 s") {
    const AudioContext context = fitted();
    CHECK(context.longest() == 1500);
    CHECK(context.longest_samples() == 30 * kSecond);
    CHECK(context.frames(25 * kSecond) == 1472);  // 29 s are 1450
    CHECK(context.frames(26 * kSecond) == 1500);
    CHECK(context.frames(30 * kSecond) == 1500);
}

TEST_CASE("A window with a shortened context is guarded, by its own length") {
    const AudioContext context = fitted();
    const auto guard = context.guard(5 * kSecond);
    REQUIRE(guard);
    CHECK(guard->most_tokens == 60);
    CHECK(guard->encoded_seconds == test::Approx(512 * 0.02));
    CHECK_FALSE(context.guard(26 * kSecond));
}

TEST_CASE("Without fitting every window has the same length, and no guard") {
    TranscribeOptions options;
    options.fit_audio_ctx = false;
    for (const size_t asked : {size_t{0}, size_t{512}}) {
        options.n_audio_ctx = asked;
        const AudioContext context(options, whisper());
        const size_t expected = asked == 0 ? 1500 : 512;
        CHECK(context.longest() == expected);
        CHECK(context.frames(kSecond) == expected);
        CHECK(context.frames(10 * kSecond) == expected);
        CHECK_FALSE(context.guard(kSecond));
    }
}

TEST_CASE("Fitted windows are never longer than what was asked for") {
    CHECK(fitted(600).frames(5 * kSecond) == 512);  // 9 s are 450
    CHECK(fitted(600).frames(9 * kSecond) == 600);
    CHECK_FALSE(fitted(600).guard(9 * kSecond));
}

TEST_CASE("Sampling has the full context, because it has no first attempt at temperature 0") {
    TranscribeOptions options;
    options.fit_audio_ctx = true;
    options.decoding.temperatures = {0.4, 0.8};
    CHECK(AudioContext(options, whisper()).frames(kSecond) == 1500);
}
