// The double refuses what its README says it refuses. Each test uses XRT's interface wrongly in one place.

#include <xrt/experimental/xrt_kernel.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include <cstring>
#include <optional>
#include <vector>

#include "catch.h"
#include "container.h"
#include "device/array/array_plan.h"
#include "temporary_directory.h"

using namespace npuscribe;
using test::contains;
using test::message_of;

extern "C" uint64_t npuscribe_xrt_double_counter(const char* name);
extern "C" void npuscribe_xrt_double_hold(bool hold);

namespace {

constexpr auto kHostOnly = xrt::bo::flags::host_only;

/// XRT has read the file when the xclbin has been made.
xrt::xclbin xclbin_of(const std::string& bytes) {
    const test::TemporaryDirectory directory;
    return xrt::xclbin(directory.write("made.xclbin", bytes).string());
}

/// A correct matmul of 512 x 384 x 384, of which each test spoils one thing.
struct Matmul {
    array::Gemm gemm = [] {
        const auto& plan = array::Plan::built_in();
        return plan.gemm(plan.program_for(array::Kernel::bfp16, 384), 512, 384, 384);
    }();
    std::vector<uint32_t> words =
        xrt_double::write_instructions({gemm.program->name, gemm.m, gemm.k, gemm.n});
    xrt::device device{0U};
    xrt::xclbin xclbin = xclbin_of(xrt_double::write_container(gemm.program->name));
    xrt::hw_context context{device, device.register_xclbin(xclbin)};
    xrt::kernel kernel{context, "MLIR_AIE_0"};
    xrt::bo instructions{device, words.size() * 4, xrt::bo::flags::cacheable, group(1)};
    xrt::bo a{device, gemm.a_bytes(), kHostOnly, group(3)};
    xrt::bo b{device, gemm.b_bytes(), kHostOnly, group(4)};
    xrt::bo c{device, gemm.c_bytes(), kHostOnly, group(5)};
    xrt::run run{kernel};

    Matmul() {
        std::memcpy(instructions.map(), words.data(), words.size() * 4);
        std::memset(a.map(), 0, a.size());
        std::memset(b.map(), 0, b.size());
        for (xrt::bo* buffer : {&instructions, &a, &b}) buffer->sync(XCL_BO_SYNC_BO_TO_DEVICE);
        run.set_arg(0, uint64_t{3});
        run.set_arg(1, instructions);
        run.set_arg(2, static_cast<uint32_t>(words.size()));
        run.set_arg(3, a);
        run.set_arg(4, b);
        run.set_arg(5, c);
    }
    xrt::memory_group group(int argument) const {
        return static_cast<xrt::memory_group>(kernel.group_id(argument));
    }
    xrt::bo data(size_t bytes, int argument) const { return {device, bytes, kHostOnly, group(argument)}; }
    std::string start_error() {
        return message_of<std::runtime_error>([&] { run.start(); });
    }
};

template <class F>
std::string error_of(F&& call) {
    return message_of<std::runtime_error>(call);
}

}  // namespace

TEST_CASE("a correct matmul runs") {
    Matmul matmul;
    const uint64_t before = npuscribe_xrt_double_counter("violations");
    matmul.run.start();
    CHECK(matmul.run.wait() == ERT_CMD_STATE_COMPLETED);
    matmul.c.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    CHECK(matmul.c.map<const float*>()[0] == 0.0F);
    CHECK(npuscribe_xrt_double_counter("violations") == before);
}

TEST_CASE("wrong arguments are refused") {
    Matmul matmul;
    SECTION("another opcode") {
        matmul.run.set_arg(0, uint64_t{2});
        CHECK(contains(matmul.start_error(), "opcode must be 3"));
    }
    SECTION("a wrong count of instructions") {
        matmul.run.set_arg(2, static_cast<uint32_t>(matmul.words.size() - 1));
        CHECK(contains(matmul.start_error(), "count of instructions"));
    }
    SECTION("a and b exchanged") {
        CHECK(
            contains(error_of([&] { matmul.run.set_arg(3, matmul.b); }), "not in the group of its argument"));
    }
    SECTION("a missing argument") {
        xrt::run run(matmul.kernel);
        run.set_arg(0, uint64_t{3});
        CHECK(contains(error_of([&] { run.start(); }), "buffer argument 1 is not set"));
    }
    SECTION("a buffer that is too small") {
        xrt::bo small = matmul.data(matmul.gemm.c_bytes() - 4, 5);
        matmul.run.set_arg(5, small);
        CHECK(contains(matmul.start_error(), "buffer c has"));
    }
    SECTION("a buffer that has been destroyed") {
        matmul.c = {};
        CHECK(contains(matmul.start_error(), "buffer argument 5 is not set, or gone"));
    }
}

TEST_CASE("wrong buffers are refused") {
    Matmul matmul;
    CHECK(contains(error_of([&] { xrt::bo(matmul.device, 64, xrt::bo::flags::normal, matmul.group(3)); }),
                   "host-only"));
    CHECK(contains(error_of([&] { xrt::bo(matmul.device, 64, kHostOnly, matmul.group(1)); }), "cacheable"));
    CHECK(contains(error_of([&] { xrt::bo(matmul.device, 64, kHostOnly, 0); }), "no argument has"));
    CHECK(contains(error_of([&] { matmul.kernel.group_id(0); }), "not a buffer"));
}

TEST_CASE("synchronisation is checked") {
    Matmul matmul;
    SECTION("the array reads no memory that was never synchronised") {
        xrt::bo fresh = matmul.data(matmul.gemm.a_bytes(), 3);
        fresh.sync(XCL_BO_SYNC_BO_TO_DEVICE, matmul.gemm.a_bytes() - 72, 0);
        matmul.run.set_arg(3, fresh);
        CHECK(contains(matmul.start_error(), "memory of a that was never synchronised"));
    }
    SECTION("in the wrong direction") {
        CHECK(contains(error_of([&] { matmul.a.sync(XCL_BO_SYNC_BO_FROM_DEVICE); }), "only reads"));
        CHECK(contains(error_of([&] { matmul.c.sync(XCL_BO_SYNC_BO_TO_DEVICE); }), "where the array writes"));
    }
    SECTION("beyond the end") {
        CHECK(contains(error_of([&] { matmul.a.sync(XCL_BO_SYNC_BO_TO_DEVICE, 73, matmul.a.size() - 72); }),
                       "beyond the end"));
    }
    SECTION("a result before there is one") {
        CHECK(contains(error_of([&] { matmul.c.sync(XCL_BO_SYNC_BO_FROM_DEVICE); }), "no run has written"));
    }
    SECTION("the array does not see what is written afterwards") {
        // A bias of 1 in the header of b, without a sync: C stays 0.
        *matmul.b.map<float*>() = 1.0F;
        matmul.run.start();
        matmul.run.wait();
        matmul.c.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
        CHECK(matmul.c.map<const float*>()[0] == 0.0F);
        matmul.b.sync(XCL_BO_SYNC_BO_TO_DEVICE, 4, 0);
        matmul.run.start();
        matmul.run.wait();
        matmul.c.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
        CHECK(matmul.c.map<const float*>()[0] == 1.0F);
    }
}

TEST_CASE("a run's buffers and arguments may not be touched until it is done") {
    Matmul matmul;
    xrt::run second(matmul.kernel);
    second.set_arg(0, uint64_t{3});
    second.set_arg(1, matmul.instructions);
    second.set_arg(2, static_cast<uint32_t>(matmul.words.size()));
    second.set_arg(3, matmul.a);
    second.set_arg(4, matmul.b);
    second.set_arg(5, matmul.c);
    npuscribe_xrt_double_hold(true);
    matmul.run.start();
    CHECK(contains(error_of([&] { second.start(); }), "write the same result"));
    CHECK(contains(error_of([&] { matmul.a.sync(XCL_BO_SYNC_BO_TO_DEVICE); }), "while a run is using it"));
    CHECK(contains(error_of([&] { matmul.run.set_arg(3, matmul.a); }), "in flight"));
    npuscribe_xrt_double_hold(false);
    matmul.run.wait();

    npuscribe_xrt_double_hold(true);
    const uint64_t before = npuscribe_xrt_double_counter("violations");
    {
        xrt::bo brief = matmul.data(matmul.gemm.c_bytes(), 5);
        second.set_arg(5, brief);
        second.start();
    }  // destroyed too early
    CHECK(npuscribe_xrt_double_counter("violations") == before + 1);
    npuscribe_xrt_double_hold(false);
    second.wait();
}

TEST_CASE("a run may read what another has written, but not before") {
    Matmul matmul;
    // A result of 512 x 384 in BFP16 is an A of that size.
    auto words = xrt_double::write_instructions(
        {matmul.gemm.program->name, 512, 384, 384, static_cast<uint32_t>(array::Result::gelu_bfp16)});
    std::memcpy(matmul.instructions.map(), words.data(), words.size() * 4);
    matmul.instructions.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    xrt::bo between = matmul.data(matmul.gemm.a_bytes(), 5), last = matmul.data(matmul.gemm.c_bytes(), 5);
    matmul.run.set_arg(5, between);
    xrt::run second(matmul.kernel);
    second.set_arg(0, uint64_t{3});
    second.set_arg(1, matmul.instructions);
    second.set_arg(2, static_cast<uint32_t>(words.size()));
    second.set_arg(3, between);
    second.set_arg(4, matmul.b);
    second.set_arg(5, last);
    CHECK(contains(error_of([&] { second.start(); }), "a result that no run has written"));
    const uint64_t submissions = npuscribe_xrt_double_counter("submissions");
    xrt::runlist list(matmul.context);
    list.add(matmul.run);
    list.add(second);
    list.execute();
    CHECK(list.wait(std::chrono::milliseconds(60'000)) == std::cv_status::no_timeout);
    list.reset();
    CHECK(npuscribe_xrt_double_counter("submissions") == submissions + 1);
}

TEST_CASE("runlists are used by XRT's rules") {
    Matmul matmul;
    xrt::runlist list(matmul.context);
    list.add(matmul.run);
    CHECK(contains(error_of([&] { list.add(matmul.run); }), "twice in one"));
    CHECK(contains(error_of([&] { matmul.run.start(); }), "started by itself"));
    xrt::hw_context other(matmul.device, matmul.device.register_xclbin(matmul.xclbin));
    xrt::runlist foreign(other);
    xrt::run run(matmul.kernel);
    CHECK(contains(error_of([&] { foreign.add(run); }), "another hardware context"));
    list.execute();
    CHECK(contains(error_of([&] { list.execute(); }), "executes already"));
    CHECK(contains(error_of([&] { list.reset(); }), "before it has been waited for"));
    CHECK(list.wait(std::chrono::milliseconds(60'000)) == std::cv_status::no_timeout);
    list.reset();
    matmul.run.start();
    matmul.run.wait();
}

TEST_CASE("xclbins, contexts and kernels must fit together") {
    Matmul matmul;
    CHECK(contains(error_of([&] { xclbin_of("junk"); }), "Invalid xclbin"));
    CHECK(contains(error_of([&] { xrt::hw_context(matmul.device, xrt::uuid()); }), "not registered"));
    CHECK(contains(error_of([&] { xrt::kernel(matmul.context, "vadd"); }), "no kernel vadd"));
    const auto words = xrt_double::write_instructions({"bfp16_128x32x64", 512, 384, 512});
    xrt::bo others(matmul.device, words.size() * 4, xrt::bo::flags::cacheable, matmul.group(1));
    std::memcpy(others.map(), words.data(), words.size() * 4);
    others.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    matmul.run.set_arg(1, others);
    matmul.run.set_arg(2, static_cast<uint32_t>(words.size()));
    CHECK(contains(matmul.start_error(),
                   "instructions of bfp16_128x32x64 on an array programmed as bfp16_128x32x48"));
}
