#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "device/array/array_plan.h"

using namespace npuscribe;
using array::Kernel;
using array::Plan;
using Json = nlohmann::json;

namespace {

Json plan_json() {
    std::ifstream file(std::string(NPUSCRIBE_SOURCE_DIR) + "/kernels/plan.json");
    return Json::parse(file);
}

/// The message that a changed plan is refused with.
template <class Change>
std::string refusal(Change&& change) {
    Json json = plan_json();
    change(json);
    return test::message_of<DeviceError>([&] { Plan plan(json.dump()); });
}

}  // namespace

TEST_CASE("the plan describes the array of XDNA2") {
    const Plan& plan = Plan::built_in();
    CHECK(plan.columns == 8);
    CHECK(plan.rows == 4);
    CHECK(plan.core.memory == 64 * 1024);
    CHECK(plan.memory_tile.memory == 512 * 1024);
    CHECK(plan.dma_granularity == 4);
}

TEST_CASE("the bytes that a core holds are those calculated by hand") {
    const Plan& plan = Plan::built_in();
    const auto& program = plan.program_for(Kernel::bfp16, 512);
    REQUIRE(program.tile == array::Tile{128, 32, 64});
    // A of 128 x 32 values is 4608 bytes in BFP16, B of 64 x 32 half that: two of each. C's sums are 32768
    // bytes with 64 behind them. It leaves in pieces of 3072, a third of 128 x 64 values in BFP16; three of
    // them. 3328 of stack and 1024 of data.
    CHECK(plan.core_bytes(program) == 2 * 4608 + 2 * 2304 + 32768 + 64 + 3 * 3072 + 4352);
    // And pieces of four cores in the memory tile.
    CHECK(plan.memory_tile_bytes(program) == 2 * 4608 + 2 * 2304 + 2 * 4 * 3072);
}

TEST_CASE("a tile of C leaves in as many pieces as its result has bytes") {
    const auto& program = Plan::built_in().program_for(Kernel::bfp16, 512);
    CHECK(program.piece_bytes() == 3072);
    CHECK(program.pieces(array::Result::gelu_bfp16) == 3);
    CHECK(program.pieces(array::Result::bf16) == 6);   // 16384 bytes: the last one is a third full
    CHECK(program.pieces(array::Result::sums) == 11);  // 32768 bytes
    for (const auto& other : Plan::built_in().programs)
        CHECK(other.c_tile_bytes(array::Result::gelu_bfp16) == other.tile.m * bfp16::row_bytes(other.tile.n));
}

TEST_CASE("every Whisper size's FC1 feeds its FC2, and a shape with padding between them does not") {
    const Plan& plan = Plan::built_in();
    const auto feeds = [&](size_t k, size_t inner, size_t n) {
        const auto first =
            plan.gemm(plan.program_for(Kernel::bfp16, k), 1500, k, inner, array::Result::gelu_bfp16);
        const auto second = plan.gemm(plan.program_for(Kernel::bfp16, inner), 1500, inner, n);
        if (first.feeds(second)) CHECK(first.c_bytes() == second.a_bytes());
        return first.feeds(second);
    };
    for (const size_t state : {384, 512, 768, 1024, 1280}) CHECK(feeds(state, 4 * state, state));
    CHECK_FALSE(feeds(512, 1000, 512));
    CHECK_FALSE(feeds(512, 768, 512));  // another program
}

TEST_CASE("every Whisper size has programs that need no padding of K and N") {
    const Json json = plan_json();
    for (const Json& model : json.at("models")) {
        const auto state = model.at("n_audio_state").get<size_t>();
        for (const Json& linear : json.at("linears")) {
            const size_t k = state * linear.at("k").get<size_t>(), n = state * linear.at("n").get<size_t>();
            for (const Kernel kernel : {Kernel::bfp16, Kernel::int8}) {
                const auto& program = Plan::built_in().program_for(kernel, k);
                const auto gemm = Plan::built_in().gemm(program, 1500, k, n);
                INFO(gemm.describe());
                CHECK(gemm.k == k);
                CHECK(gemm.n == n);
                CHECK(gemm.m == 1536);
                CHECK(std::count(program.states.begin(), program.states.end(), state) == 1);
            }
        }
    }
}

TEST_CASE("sizes are padded to the whole array's tiles") {
    const Plan& plan = Plan::built_in();
    const auto& program = plan.program_for(Kernel::bfp16, 512);
    const auto gemm = plan.gemm(program, 3, 100, 70);
    CHECK(gemm.m == 512);
    CHECK(gemm.k == 128);
    CHECK(gemm.n == 512);
    CHECK(gemm.row_groups() == 1);
    CHECK(gemm.column_groups() == 1);
    CHECK(gemm.k_tiles() == 4);
    CHECK(gemm.a_bytes() == 512 * 128 / 8 * 9);
    CHECK(gemm.b_bytes() == 8 * (1 + 4) * 2304);  // eight column tiles, each with the tile of its bias
    CHECK(gemm.b_layout().bytes() == gemm.b_bytes());
    CHECK(gemm.a_layout().bytes() == gemm.a_bytes());
    CHECK(gemm.c_bytes() == 4 * 8 * 11 * 3072);  // four rows of eight tiles
    CHECK(plan.gemm(program, 3072, 512, 512).groups() == 6);
}

TEST_CASE("a window of any length up to 30 s wastes less than one group of rows") {
    const Plan& plan = Plan::built_in();
    const auto& program = plan.program_for(Kernel::bfp16, 512);
    for (size_t frames = 1; frames <= 1500; ++frames) {
        const size_t rows = plan.gemm(program, frames, 512, 512).m;
        CHECK(rows >= frames);
        CHECK(rows < frames + 512);
    }
}

TEST_CASE("more rows than the largest program holds are refused") {
    const Plan& plan = Plan::built_in();
    const auto& program = plan.program_for(Kernel::bfp16, 512);
    CHECK(test::contains(test::message_of<DeviceError>([&] { plan.gemm(program, 3073, 512, 512); }),
                         "1 to 3072 rows"));
}

TEST_CASE("a tile that does not fit into a core is refused, naming the buffer and the sizes") {
    const auto message = refusal([](Json& json) { json["programs"][1]["tile"]["n"] = 128; });
    CHECK(test::contains(message,
                         "a core would hold 2 x A of 4608 + 2 x B of 4608 + 3 x a piece of C of 3072 + 1 x "
                         "C's sums of 65600"));
    CHECK(test::contains(message, "= 97600 bytes and has 65536, most of it taken by C's sums"));
}

TEST_CASE("a memory tile that is too full is refused") {
    const auto message = refusal([](Json& json) { json["array"]["memory_tile"]["memory"] = 40000; });
    CHECK(test::contains(message, "a memory tile would hold"));
    CHECK(test::contains(message, "2 x a piece of C of 13824"));
    CHECK(test::contains(message, "has 40000"));
}

TEST_CASE("a plan that needs more DMA channels or buffer descriptors than there are is refused") {
    CHECK(test::contains(refusal([](Json& json) { json["array"]["memory_tile"]["dma_in"] = 5; }),
                         "needs 6 DMA channels in and has 5"));
    CHECK(test::contains(refusal([](Json& json) { json["array"]["core"]["dma_in"] = 1; }),
                         "needs 2 DMA channels in and has 1"));
    CHECK(test::contains(refusal([](Json& json) { json["groups_in_flight"] = 6; }),
                         "needs 18 buffer descriptors and has 16"));
    // C, in four parts: 4 x 2 on its way in, 4 x 2 on its way out; A and B 2 each way.
    CHECK(test::contains(refusal([](Json& json) { json["array"]["memory_tile"]["buffer_descriptors"] = 23; }),
                         "a memory tile needs 24 buffer descriptors and has 23"));
    // The fullest half: three of six channels in with 2 each, C's way out with 8 and one more with 2.
    CHECK(test::contains(refusal([](Json& json) { json["array"]["memory_tile"]["buffer_descriptors"] = 30; }),
                         "needs 16 buffer descriptors for every other channel and has 15"));
}

TEST_CASE("a plan with which the array would silently drop transfers or wait forever is refused") {
    CHECK(test::contains(refusal([](Json& json) { json["groups_in_flight"] = 5; }),
                         "a shim tile needs 5 places in a task queue and has 4"));
    CHECK(test::contains(refusal([](Json& json) { json["array"]["core"]["locks"] = 6; }),
                         "a core needs 7 locks and has 6"));
    CHECK(test::contains(refusal([](Json& json) { json["array"]["memory_tile"]["locks"] = 8; }),
                         "a memory tile needs 12 locks and has 8"));
    CHECK(test::contains(refusal([](Json& json) {
                             json["programs"][0]["tile"] = {{"m", 16}, {"k", 16}, {"n", 48}};
                         }),
                         "cores need multiples of 64"));
}

TEST_CASE("tiles that the multiplier or the DMA cannot process are refused") {
    CHECK(test::contains(refusal([](Json& json) { json["programs"][0]["tile"]["n"] = 40; }),
                         "multiples of 16"));
    CHECK(test::contains(refusal([](Json& json) { json["array"]["dma_granularity"] = 1024; }),
                         "DMA moves multiples of 1024"));
    CHECK(test::contains(refusal([](Json& json) {
                             json["rows"] = {512, 700};
                         }),
                         "700 rows are not a multiple of 512"));
    CHECK(test::contains(refusal([](Json& json) { json["programs"][0]["kernel"] = "bf16"; }),
                         "there is no kernel 'bf16'"));
}

TEST_CASE("a plan of another layout, or a text that is not a plan, is refused") {
    CHECK(test::contains(refusal([](Json& json) { json["layout_version"] = 99; }), "tile layout 99"));
    CHECK(test::contains(refusal([](Json& json) { json.erase("array"); }), "cannot be read"));
    CHECK(test::contains(test::message_of<DeviceError>([] { Plan plan("{"); }), "cannot be read"));
}
