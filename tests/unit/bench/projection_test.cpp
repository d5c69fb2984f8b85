#include "bench/projection.h"

#include "bench/study/study_figures.h"
#include "catch.h"

using namespace npuscribe::bench;
using npuscribe::test::Approx;

namespace {
constexpr Shape kLayer = {512, 1, 512, 1};     // of base
constexpr Shape kEncoder = {512, 6, 1500, 1};  // base, 30 s
}  // namespace

TEST_CASE("operations of a layer are those of six matmuls at their true sizes", "[bench]") {
    // 4 × 2·512·512·512 + 2 × 2·512·512·2048
    CHECK(matmul_operations(kLayer) == 3221225472.0);
    // base at 1,500 frames: 6 × 24 × 1500 × 512²
    CHECK(matmul_operations(kEncoder) == 56623104000.0);
    // attention: 2 products × 2 × 1500² × 512 a layer
    CHECK(attention_operations(kEncoder) == 6 * 4 * 1500.0 * 1500 * 512);
}

TEST_CASE("a batch multiplies everything but the weights, and attention only by its windows", "[bench]") {
    Shape batch = kEncoder;
    batch.batch = 4;
    CHECK(matmul_operations(batch) == 4 * matmul_operations(kEncoder));
    CHECK(attention_operations(batch) == 4 * attention_operations(kEncoder));
    CHECK(track2_traffic(batch).resident() == 4 * track2_traffic(kEncoder).resident());
    CHECK(track2_traffic(batch).weights == track2_traffic(kEncoder).weights);
    CHECK(batch.audio_seconds() == Approx(120));
}

TEST_CASE("bytes moved of a layer of base at 512 frames", "[bench]") {
    // Rows of 512: five in, four of them and the last out; one of 2,048 either way. 9 × 262,144 values each
    // way.
    const Traffic track2 = track2_traffic(kLayer);
    CHECK(track2.to_device == 2654208);  // × 9/8 bytes
    CHECK(track2.from_device == 2654208);
    CHECK(track2.weights == 3538944);  // 12 × 262,144 × 9/8
    CHECK(track2.resident() == 5308416);
    CHECK(track2.not_resident() == 8847360);
    const Traffic track1 = track1_traffic(kLayer);
    CHECK(track1.to_device == 2359296);
    CHECK(track1.from_device == 9437184);  // INT32
    CHECK(track1.weights == 3145728);
}

TEST_CASE("512 frames are 10.24 seconds of audio", "[bench]") {
    CHECK(kLayer.audio_seconds() == Approx(10.24));
    CHECK(kEncoder.audio_seconds() == Approx(30));
}

TEST_CASE("energy of a battery", "[bench]") {
    // 11 ms at 10 W and 4 ms at 1 W
    CHECK(joules(0.011, 0.015, 10, 1) == Approx(0.114));
    // 3 J for 30 s of audio: 0.1 W of it, 360 J an hour, and 56 Wh last 560 hours
    const Energy e = energy(3, 30, 56);
    CHECK(e.joules == 3);
    CHECK(e.joules_per_hour == Approx(360));
    CHECK(e.battery_hours == Approx(560));
}

TEST_CASE("the study scales by layers and frames", "[bench]") {
    // its own: small 12 × 15 = 180 ms, large 32 × 15 = 480; base at 3,000 frames 5.86 × 90
    CHECK(study::scale(90, 12, 512) == Approx(180));
    CHECK(study::scale(90, 32, 512) == Approx(480));
    CHECK(study::scale(90, 6, 3000) == Approx(527.34).epsilon(1e-4));
}
