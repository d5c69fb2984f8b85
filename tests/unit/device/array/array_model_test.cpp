#include "device/array/array_model.h"

#include "base/thread_pool.h"
#include "catch.h"
#include "device/emulated/emulated_array.h"

using namespace npuscribe;
using array::Kernel;
using array::Plan;
using test::Approx;

namespace {

array::Gemm gemm(size_t m, size_t k, size_t n, Kernel kernel = Kernel::bfp16) {
    const Plan& plan = Plan::built_in();
    return plan.gemm(plan.program_for(kernel, k), m, k, n);
}

}  // namespace

TEST_CASE("the time of the products alone is that of 32 tiles at their peak, which no matmul comes near") {
    const auto g = gemm(3072, 512, 2048);
    const auto time = array::model(g);
    // 32 tiles x 512 MACs x 2 x 1.81 GHz = 59.3 TFLOP/s.
    const double flops = 2.0 * 3072 * 512 * 2048;
    CHECK(flops / time.compute == Approx(59.3e12).epsilon(0.01));
    // The best published are 31 and 32.5 TFLOP/s.
    for (const auto which : array::kCases)
        CHECK(flops / array::model(g, array::Assumptions(which), 0).total < 35e12);
}

TEST_CASE("the time of a 512 x 512 x 512 matmul is the one calculated by hand") {
    const auto time = array::model(gemm(512, 512, 512));
    // One group of 512 x 512, which reads all of A, and all of B with the tiles of the bias. A tile of C is
    // 11 pieces.
    CHECK(time.bytes_read == 512 * 576 + 512 * 576 + 8 * 2304);
    CHECK(time.bytes_written == 4 * 8 * 11 * 3072);
    // 16 tiles of K. Each is 32 groups of 2 x 2 subtiles: 16 cycles of products, 17 of loads, 16 of stores,
    // of which half overlaps: (17 + 16 + 17 + 16 + 20) / 2 = 43. The 4608 bytes of A take 1152 cycles, less
    // than that. Starting C takes 512 cycles, the tile with the bias 576. Copying 528 vectors takes one to
    // three cycles each. A core has three buffers for the 11 pieces, and waits until eight of them have left.
    const double cores = 16 * 32 * 43 + 512 + 576 + 2 * 528 + 8 * 768, drain = 4 * 11 * 768;
    CHECK(time.cores == Approx(cores / 1.81e9));
    CHECK(time.drain == Approx(drain / 1.81e9));
    CHECK(time.cycles == static_cast<uint64_t>(drain + cores + drain / 4));
    CHECK(time.dispatch == Approx(0.161e-3));
    CHECK(time.total == Approx(0.161e-3 + std::max(time.array, time.dram)));
}

TEST_CASE("bfloat16 leaves in about half the time, and GELU in BFP16 in a quarter of it") {
    const Plan& plan = Plan::built_in();
    const auto& program = plan.program_for(Kernel::bfp16, 512);
    const auto drain = [&](array::Result result) {
        return array::model(plan.gemm(program, 1536, 512, 2048, result)).drain;
    };
    CHECK(drain(array::Result::bf16) == Approx(drain(array::Result::sums) * 6 / 11));
    CHECK(drain(array::Result::gelu_bfp16) == Approx(drain(array::Result::sums) * 3 / 11));
}

TEST_CASE("every time lies between the ends of the assumptions' ranges") {
    for (const size_t rows : {512, 1536}) {
        for (const auto& [k, n] :
             {std::pair<size_t, size_t>{512, 1536}, {512, 512}, {512, 2048}, {2048, 512}}) {
            const auto total = [&, k = k, n = n](array::Case which) {
                return array::model(gemm(rows, k, n), array::Assumptions(which)).total;
            };
            CHECK(total(array::Case::best) < total(array::Case::middle));
            CHECK(total(array::Case::middle) < total(array::Case::worst));
        }
    }
}

TEST_CASE("the model counts the bytes that the emulated array moves") {
    const auto kernel = GENERATE(Kernel::bfp16, Kernel::int8);
    const auto g = gemm(512, 384, 768, kernel);
    std::vector<uint8_t> a(g.a_bytes()), b(g.b_bytes()), c(g.c_bytes());
    ThreadPool pool(2);
    const auto traffic = array::run(Plan::built_in(), g, a, b, c, pool);
    const auto time = array::model(g);
    CHECK(time.bytes_read == traffic.dram_read);
    CHECK(time.bytes_written == traffic.dram_written);
}

TEST_CASE("a later run of a runlist is not dispatched again") {
    const auto g = gemm(512, 512, 512);
    CHECK(array::model(g, {}, 1).total - array::model(g, {}, 0).total == Approx(0.161e-3));
}

TEST_CASE("slower memory makes a matmul slower, and becomes its bottleneck") {
    array::Assumptions slow;
    slow.dram_bytes_per_second = 1e9;
    const auto time = array::model(gemm(1536, 512, 2048), slow);
    CHECK(time.dram > time.array);
    CHECK(time.total ==
          Approx(time.dispatch + static_cast<double>(time.bytes_read + time.bytes_written) / 1e9));
}

TEST_CASE("every assumption is described with its source") {
    const auto lines = array::Assumptions::describe();
    REQUIRE(lines.size() == 7);
    CHECK(test::contains(lines[0], "1.81 GHz"));
    CHECK(test::contains(lines[5], "47 to 70 GB/s"));
    CHECK(test::contains(lines[6], "0.05 to 0.27 ms"));
}
