// Two windows encoded together on the npu device, on the double: both have runs in flight.

#include <limits>
#include <utility>

#include "encoder/encoder.h"
#include "npu_fixture.h"
#include "random_checkpoint.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr size_t kMels = 8, kFrames = 48, kState = 384, kLayers = 2;

Dimensions small() {
    Dimensions d;
    d.n_mels = kMels;
    d.n_audio_ctx = kFrames;
    d.n_audio_state = d.n_text_state = kState;
    d.n_audio_head = d.n_text_head = kState / 64;
    d.n_audio_layer = kLayers;
    d.n_vocab = d.n_text_ctx = 8;
    d.n_text_layer = 1;
    return d;
}

/// Moderate values: a stem has no norm before it.
Matrix mel(size_t frames, unsigned seed) {
    Matrix values = Matrix::random(2 * frames, kMels, seed);
    for (float& value : values.values) value /= 8;
    return values;
}

/// An encoder on the NPU, and a pair of windows for it: a long context and a short one.
struct Pair {
    Npu npu;
    RandomCheckpoint checkpoint{small(), 44};
    Encoder encoder{checkpoint, *npu.device, npu.pool};
    Matrix mels[2] = {mel(kFrames, 45), mel(9, 46)};
    Matrix outs[2] = {Matrix(kFrames, kState), Matrix(9, kState)};
    EncodeJob jobs[2];

    void encode() {
        for (size_t i = 0; i < 2; ++i) jobs[i] = {mels[i].view(), outs[i].view()};
        encoder.encode_pair(jobs[0], jobs[1]);
    }
    Matrix alone(size_t i) {
        Matrix out(outs[i].rows, kState);
        encoder.encode(std::as_const(mels[i]).view(), out.view());
        return out;
    }
};

}  // namespace

TEST_CASE("two windows on the npu have, bit by bit, the results of each alone, and runs in flight together",
          "[npu]") {
    {
        Pair pair;
        CHECK(pair.encoder.gains_from_pairs());
        const Matrix wanted[] = {pair.alone(0), pair.alone(1)};
        const uint64_t submissions = counted("submissions"), waits = counted("waits");
        pair.encode();
        for (size_t i = 0; i < 2; ++i) {
            CHECK_FALSE(pair.jobs[i].error);
            CHECK(pair.outs[i].values == wanted[i].values);
            CHECK(pair.alone(i).values == wanted[i].values);
        }
        // Three a layer and window, and as many again for the two that were encoded alone.
        CHECK(counted("submissions") == submissions + 4 * 3 * kLayers);
        CHECK(counted("waits") == waits + 4 * 3 * kLayers);
        CHECK(counted("most_in_flight") == 2);
    }
    CHECK(counted("buffers_open") == 0);
    CHECK(counted("violations") == 0);
}

TEST_CASE("memory for a second window is taken by the first pair, and once", "[npu]") {
    Pair pair;
    (void)pair.alone(0);
    const uint64_t alone = counted("buffers_open");
    (void)pair.alone(1);
    CHECK(counted("buffers_open") == alone);
    pair.encode();
    const uint64_t both = counted("buffers_open");
    CHECK(both > alone);
    pair.encode();
    CHECK(counted("buffers_open") == both);
}

TEST_CASE("a window that cannot be encoded leaves no run in flight, and the other of its pair is encoded",
          "[npu]") {
    for (const size_t bad : {0, 1}) {
        INFO("window " << bad);
        {
            Pair pair;
            const size_t good = 1 - bad;
            const Matrix wanted = pair.alone(good);
            pair.mels[bad].values[5] = std::numeric_limits<float>::quiet_NaN();
            pair.encode();
            CHECK_FALSE(pair.jobs[good].error);
            CHECK(pair.outs[good].values == wanted.values);
            REQUIRE(pair.jobs[bad].error);
            CHECK_THROWS_AS(std::rethrow_exception(pair.jobs[bad].error), DeviceError);
        }
        CHECK(counted("buffers_open") == 0);
        CHECK(counted("violations") == 0);
    }
}

TEST_CASE("if the NPU fails, both windows of a pair have the error, and so has every later one",
          "[.][failed-run][lost]") {
    {
        Pair pair;
        pair.encode();  // its first run fails
        for (EncodeJob& job : pair.jobs) {
            REQUIRE(job.error);
            CHECK_THROWS_AS(std::rethrow_exception(job.error), DeviceError);
        }
        CHECK_THROWS_AS(pair.alone(0), DeviceError);
    }
    CHECK(counted("violations") == 0);
}
