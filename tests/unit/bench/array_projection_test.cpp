// The expected bytes are added up by hand from the plan's tiles: 64 × 64 for A and B of base, in BFP16 with 9
// bytes for 8 values.
#include "bench/array_projection.h"

#include "catch.h"

using namespace npuscribe;
using namespace npuscribe::bench;
using test::Approx;

namespace {
constexpr Shape kLayer = {512, 1, 512, 1};  // of base
}

TEST_CASE("operands and results move once each, and query, key and value share an operand", "[bench]") {
    const ArrayProjection p = project_array(array::Kernel::bfp16, kLayer);
    // 512 × 512 for attention, for out and for mlp.0; 512 × 2048 for mlp.2
    CHECK(p.traffic.to_device == 3 * 294912 + 1179648);
    // f32 results: five of 512 × 512, one of 512 × 2048
    CHECK(p.traffic.from_device == 9 * 1048576);
}

TEST_CASE("weights include a tile of bias for each row of tiles", "[bench]") {
    const ArrayProjection p = project_array(array::Kernel::bfp16, kLayer);
    // 12 × 512 × 512 values; 8 rows of tiles of 4,608 bytes in five linears, 32 in mlp.0
    CHECK(p.traffic.weights == 12 * 294912 + (5 * 8 + 32) * 4608);
    CHECK(p.buffers == p.traffic.weights + p.traffic.to_device + p.traffic.from_device);
}

TEST_CASE("INT8 takes a byte a value and no bias", "[bench]") {
    const ArrayProjection p = project_array(array::Kernel::int8, kLayer);
    CHECK(p.traffic.to_device == 3 * 262144 + 1048576);
    CHECK(p.traffic.from_device == 9 * 1048576);  // INT32
    CHECK(p.traffic.weights == 12 * 262144);
}

TEST_CASE("a layer is dispatched four times", "[bench]") {
    array::Assumptions assumptions;
    assumptions.dispatch_seconds = 1;
    Shape encoder = kLayer;
    encoder.layers = 6;
    const ArrayProjection p =
        project_array(array::Kernel::bfp16, encoder, array::Plan::built_in(), assumptions);
    CHECK(p.dispatch == 24);
    CHECK(p.seconds > 24);
    CHECK(p.seconds < 24.1);  // the array itself takes milliseconds
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
