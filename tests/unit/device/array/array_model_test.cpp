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

TEST_CASE("the time of multiplying alone is that of 32 tiles at 95 % of their peak") {
    const auto g = gemm(3072, 512, 2048);
    const auto time = array::model(g);
    // 32 tiles x 512 MACs x 2 x 1.81 GHz = 59.3 TFLOP/s, of which 95 % are reached.
    const double flops = 2.0 * 3072 * 512 * 2048;
    CHECK(flops / time.compute == Approx(0.95 * 59.3e12).epsilon(0.01));
    CHECK(time.total > time.compute);
}

TEST_CASE("the time of a 512 x 512 x 512 matmul is the one calculated by hand") {
    const auto time = array::model(gemm(512, 512, 512));
    // Two groups of 256 x 512; each reads 256 rows of A and all of B with the tiles of the bias.
    CHECK(time.bytes_read == 2 * (256 * 576 + 512 * 576 + 8 * 4608));
    CHECK(time.bytes_written == 512 * 512 * 4);
    // A group has 8 tiles of K. Each has 4608 bytes, which take 1152 cycles, more than the 539 of
    // multiplying. Starting C takes 256 cycles, and the tile with the bias as long as any other. But the C of
    // four cores, 65536 bytes, takes 16384 cycles, which is longer than all that.
    const double cores = 8 * 1152 + 256 + 1152, drain = 16384;
    CHECK(time.cores == Approx(2 * cores / 1.81e9));
    CHECK(time.drain == Approx(2 * drain / 1.81e9));
    CHECK(time.cycles == static_cast<uint64_t>(2 * drain + cores + 4096));
    CHECK(time.dispatch == Approx(0.27e-3));
    CHECK(time.total == Approx(0.27e-3 + std::max(time.array, time.dram)));
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
    CHECK(array::model(g, {}, 1).total - array::model(g, {}, 0).total == Approx(0.27e-3));
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
    const auto lines = array::Assumptions{}.describe();
    REQUIRE(lines.size() == 6);
    CHECK(test::contains(lines[0], "1.81 GHz"));
    CHECK(test::contains(lines[4], "52.7 GB/s"));
}
