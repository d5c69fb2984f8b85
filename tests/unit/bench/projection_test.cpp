#include "bench/projection.h"

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

TEST_CASE("a batch multiplies everything but the weights, attention by the number of windows", "[bench]") {
    Shape batch = kEncoder;
    batch.batch = 4;
    CHECK(matmul_operations(batch) == 4 * matmul_operations(kEncoder));
    CHECK(attention_operations(batch) == 4 * attention_operations(kEncoder));
    CHECK(layer_activations(batch) == 4 * layer_activations(kEncoder));
    CHECK(layer_weights(batch) == layer_weights(kEncoder));
    CHECK(batch.audio_seconds() == Approx(120));
}

TEST_CASE("512 frames are 10.24 seconds of audio", "[bench]") {
    CHECK(kLayer.audio_seconds() == Approx(10.24));
    CHECK(kEncoder.audio_seconds() == Approx(30));
}

TEST_CASE("energy is power times time, and a battery lasts accordingly", "[bench]") {
    // 11 ms at 10 W and 4 ms at 1 W
    CHECK(joules(0.011, 0.015, 10, 1) == Approx(0.114));
    // 3 J for 30 s of audio are 0.1 W, at which 56 Wh last 560 hours
    CHECK(battery_hours(3, 30, 56) == Approx(560));
}
