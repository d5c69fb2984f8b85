// The expected values are worked out by hand for base (80 mels, 512 wide, 6 layers, 51,865 words) at 1,500
// frames.
#include "bench/pipeline_stages.h"

#include "catch.h"

using namespace npuscribe;
using namespace npuscribe::bench;
using test::Approx;

namespace {
constexpr Dimensions kBase = {80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6};
}

TEST_CASE("the convolutions are two matmuls of three frames", "[bench]") {
    // 3,000 rows of 240 to 512, 1,500 of 1,536 to 512
    CHECK(stem_work(kBase, 1500, 2).flops == 2.0 * 3000 * 240 * 512 + 2.0 * 1500 * 1536 * 512);
}

TEST_CASE("the six matmuls of six layers are 56.6 GFLOP", "[bench]") {
    const Work work = matmul_work(kBase, 1500, 2);
    CHECK(work.flops == 56623104000.0);
    // weights 12 × 512², operands 7 × 1500 × 512 in bf16, results 9 × 1500 × 512 in f32, six layers
    CHECK(work.bytes == 6 * ((12 * 262144.0 + 7 * 768000.0) * 2 + 9 * 768000.0 * 4));
}

TEST_CASE("attention is two products over all pairs of frames", "[bench]") {
    CHECK(attention_work(kBase, 1500, 2).flops == 6 * 2 * 2 * 1500.0 * 1500 * 512);
}

TEST_CASE("a step of the decoder reads every weight once, however large the batch is", "[bench]") {
    const auto one = decoder_step_work(kBase, {1500, 1, 99, 1.125, 1.0625, 2});
    const auto eight = decoder_step_work(kBase, {1500, 8, 99, 1.125, 1.0625, 2});
    // 14 × 512² a layer, and the vocabulary
    CHECK(one.weight_bytes == 1.125 * (6 * 14 * 262144.0 + 51865.0 * 512));
    CHECK(eight.weight_bytes == one.weight_bytes);
    // keys and values, 512 wide, in six layers: 1,500 for the audio with 1 1/16 bytes a value, and 100 for
    // the words with 2 bytes
    const double keys = 6 * 2 * 512.0 * (1500 * 1.0625 + 100 * 2);
    CHECK(one.all.bytes == one.weight_bytes + keys);
    CHECK(eight.all.bytes == one.weight_bytes + 8 * keys);
    CHECK(eight.all.flops == 8 * one.all.flops);
}

TEST_CASE("cross-attention's keys and values are two matmuls a layer", "[bench]") {
    CHECK(cross_kv_work(kBase, 1500, 2).flops == 6 * 2 * 2.0 * 1500 * 512 * 512);
}

TEST_CASE("a stage is bound by the slower of arithmetic and memory", "[bench]") {
    CHECK(Work{100, 10}.seconds(10, 10) == 10);
    CHECK(Work{10, 100}.seconds(10, 10) == 10);
    CHECK(Work{0, 50}.seconds(10, 10) == 5);
}
