#include "bench/study/study_projection.h"

#include "bench/study/study_figures.h"
#include "catch.h"

using namespace npuscribe::bench;
using namespace npuscribe::bench::study;
using npuscribe::test::Approx;

namespace {
constexpr Shape kLayer = {512, 1, 512, 1};  // of base
}

TEST_CASE("the bytes moved of a layer of base at 512 frames", "[bench]") {
    // Five operands and five results have rows of 512, one of each has rows of 2,048: 9 × 262,144 values each
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

TEST_CASE("the study scales by layers and frames", "[bench]") {
    // its own: small 12 × 15 = 180 ms, large 32 × 15 = 480; base at 3,000 frames 5.86 × 90
    CHECK(study::scale(90, 12, 512) == Approx(180));
    CHECK(study::scale(90, 32, 512) == Approx(480));
    CHECK(study::scale(90, 6, 3000) == Approx(527.34).epsilon(1e-4));
}

TEST_CASE("the study's batches are for base at 512 frames alone", "[bench]") {
    CHECK(batch_estimates({512, 6, 512, 1}).size() == 2);
    CHECK(batch_estimates({512, 6, 1500, 1}).empty());
    CHECK(batch_estimates({1280, 32, 512, 1}).empty());
}
