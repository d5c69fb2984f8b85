// The expected bytes are added up by hand from the plan's tiles: 128 × 32 for A and 64 × 32 for B of base, in
// BFP16 with 9 bytes for 8 values.
#include "bench/array_projection.h"

#include "bench/array_design_before.h"

#include "catch.h"

using namespace npuscribe;
using namespace npuscribe::bench;
using test::Approx;

namespace {
constexpr Shape kLayer = {512, 1, 512, 1};  // of base
}

TEST_CASE("operands and results move once each, and what is between mlp.0 and mlp.2 does not move",
          "[bench]") {
    const ArrayProjection p = project_array(array::Kernel::bfp16, kLayer);
    // 512 × 512 for attention, for out and for mlp.0
    CHECK(p.traffic.to_device == 3 * 294912);
    // bfloat16 in tiles of 128 × 64, each six pieces of 3072 bytes: five of 512 × 512 values
    CHECK(p.traffic.from_device == 5 * 4 * 8 * 6 * 3072);
}

TEST_CASE("weights include a tile of bias for each row of tiles", "[bench]") {
    const ArrayProjection p = project_array(array::Kernel::bfp16, kLayer);
    // 12 × 512 × 512 values; tiles of 2,304 bytes for 8 rows of tiles in out and mlp.2, 24 in query, key and
    // value, 32 in mlp.0
    CHECK(p.traffic.weights == 12 * 294912 + (2 * 8 + 24 + 32) * 2304);
    CHECK(p.buffers == p.traffic.weights + p.traffic.to_device + p.traffic.from_device);
}

TEST_CASE("INT8 takes a byte a value and no bias", "[bench]") {
    const ArrayProjection p = project_array(array::Kernel::int8, kLayer);
    CHECK(p.traffic.to_device == 3 * 262144 + 1048576);
    CHECK(p.traffic.from_device == 9 * 4 * 8 * 11 * 3072);  // INT32, eleven pieces a tile
    CHECK(p.traffic.weights == 12 * 262144);
}

TEST_CASE("a layer has three submissions, and had four before", "[bench]") {
    array::Assumptions assumptions;
    assumptions.dispatch_seconds = 1;
    Shape encoder = kLayer;
    encoder.layers = 6;
    const ArrayProjection p =
        project_array(array::Kernel::bfp16, encoder, array::Plan::built_in(), assumptions);
    CHECK(p.dispatch == 18);
    CHECK(p.seconds > 18);
    CHECK(p.seconds < 18.1);             // the array itself takes milliseconds
    REQUIRE(p.submissions.size() == 3);  // of one layer
    CHECK(6 * (p.submissions[0] + p.submissions[1] + p.submissions[2]) == Approx(p.seconds));
    CHECK(project_array_before(encoder, assumptions).dispatch == 24);
}

TEST_CASE("the former design moves the bytes calculated by hand", "[bench]") {
    // Two groups of 256 × 512 each read 256 rows of A and all of B with eight tiles of bias of 4,608 bytes;
    // f32 results. mlp.0 has eight groups, and mlp.2 four times the K.
    const array::Assumptions assumptions;
    const double attention = 2 * (256 * 576 + 512 * 576 + 8 * 4608) + 512 * 512 * 4;
    const double first = 8 * 256 * 576 + 2 * (2048 * 576 + 32 * 4608) + 512 * 2048 * 4;
    const double second = 2 * (256 * 2304 + 512 * 2304 + 8 * 4608) + 512 * 512 * 4;
    CHECK(project_array_before(kLayer, assumptions).dram_bytes == 4 * attention + first + second);
}

TEST_CASE("the array takes less time than with its former design, whatever is assumed", "[bench]") {
    for (const size_t frames : {512, 1500}) {
        for (const auto which : array::kCases) {
            const array::Assumptions assumptions(which);
            const Shape base = {512, 6, frames, 1};
            const auto now = project_array(array::Kernel::bfp16, base, array::Plan::built_in(), assumptions);
            CHECK(now.seconds < project_array_before(base, assumptions).seconds);
        }
    }
}

TEST_CASE("rows are padded to a number that the plan has instructions for", "[bench]") {
    Shape padded = kLayer;
    padded.frames = 1500;
    Shape whole = kLayer;
    whole.frames = 1536;
    const ArrayProjection a = project_array(array::Kernel::bfp16, padded);
    const ArrayProjection b = project_array(array::Kernel::bfp16, whole);
    CHECK(a.seconds == b.seconds);
    CHECK(a.traffic.to_device == b.traffic.to_device);
}

TEST_CASE("a batch with more rows than the plan has instructions for is split, and dispatched once",
          "[bench]") {
    array::Assumptions assumptions;
    Shape batch = kLayer;
    batch.frames = 1536;
    batch.batch = 8;
    Shape one = batch;
    one.batch = 2;  // 3,072 rows, the most at once
    const auto& plan = array::Plan::built_in();
    const ArrayProjection eight = project_array(array::Kernel::bfp16, batch, plan, assumptions);
    const ArrayProjection two = project_array(array::Kernel::bfp16, one, plan, assumptions);
    CHECK(eight.dispatch == two.dispatch);
    CHECK(eight.seconds - eight.dispatch == Approx(4 * (two.seconds - two.dispatch)));
    CHECK(eight.traffic.weights == two.traffic.weights);
}

TEST_CASE("the array reads and writes at least the bytes that move to it and back", "[bench]") {
    for (const auto kernel : {array::Kernel::bfp16, array::Kernel::int8}) {
        for (const size_t state : {384, 512, 768, 1024, 1280}) {
            const ArrayProjection p = project_array(kernel, {state, 4, 1500, 1});
            CHECK(p.dram_bytes >= p.traffic.not_resident());
        }
    }
}
