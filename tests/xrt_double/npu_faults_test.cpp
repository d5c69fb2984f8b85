// Failures of an NPU. Each runs in a process of its own, with NPUSCRIBE_XRT_DOUBLE_FAULT set (see
// CMakeLists.txt).

#include <chrono>

#include "base/error.h"
#include "base/stopwatch.h"
#include "device/choose.h"
#include "device/npu/npu_probe.h"
#include "device/npu/npu_queue.h"
#include "npu_fixture.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

constexpr size_t kState = 384;

std::string error_of_opening() {
    ThreadPool pool(1);
    return message_of<DeviceError>([&] { make_npu_device({}, pool); });
}

/// Submits two matmuls and returns the message of the error that the first wait throws. The second must fail,
/// too.
std::string error_of_running() {
    Npu npu;
    const auto w = Matrix::random(kState, kState, 1);
    const auto query = npu.load(w, {}, "blocks.0.attn.query"), key = npu.load(w, {}, "blocks.0.attn.key");
    const auto operand = npu.operand(Matrix::random(64, kState, 2));
    Matrix q(64, kState), k(64, kState);
    Run first = query->submit(*operand, q.view(), Epilogue::none),
        second = key->submit(*operand, k.view(), Epilogue::none);
    const auto message = message_of<DeviceError>([&] { first.wait(); });
    CHECK_THROWS_AS(second.wait(), DeviceError);
    CHECK_THROWS_AS(query->submit(*operand, q.view(), Epilogue::none), DeviceError);
    for (const float value : q.values) REQUIRE(value == 0.0F);  // no half of a result
    return message;
}

}  // namespace

TEST_CASE("a machine without a device has no NPU to use", "[.][no-device]") {
    CHECK(contains(error_of_opening(), "there is no NPU to use"));
}

TEST_CASE("auto takes the cpu if there is no device, and says why", "[.][no-device]") {
    ThreadPool pool(1);
    const ChosenDevice chosen = choose_device("auto", {}, pool);
    CHECK(chosen.device->info().name == "cpu");
    CHECK(contains(chosen.reason, "the NPU cannot be used"));
    CHECK_THROWS_AS(choose_device("npu", {}, pool), DeviceError);
}

TEST_CASE("a memlock limit is not mistaken for missing hardware", "[.][memlock]") {
    const auto message = error_of_opening();
    CHECK(contains(message, "mmap"));
    CHECK(contains(message, "memory"));
    CHECK_FALSE(contains(message, "no NPU is on the PCI bus"));
}

TEST_CASE("if the user may not open the device node, the error says how to get permission", "[.][denied]") {
    CHECK(contains(error_of_opening(), "usermod -aG render"));
}

TEST_CASE("XRT before 2.17 is refused", "[.][old-xrt]") {
    CHECK(contains(error_of_opening(), "there is no NPU to use"));
    CHECK(contains(probe_npu({}).summary(), "the installed XRT is 2.16"));
}

TEST_CASE("an xclbin that the driver refuses is named, with the layer that needs it",
          "[.][refused-context]") {
    Npu npu;
    const auto message =
        message_of<DeviceError>([&] { npu.load(Matrix::random(kState, kState, 1), {}, "attn.out"); });
    CHECK(contains(message, "No valid DPU kernel"));
    CHECK(contains(message, ".xclbin for attn.out"));
}

TEST_CASE("a buffer that is refused is named", "[.][no-memory]") {
    Npu npu;
    const auto linear = npu.load(Matrix::random(kState, kState, 1), {}, "attn.out");
    CHECK(contains(message_of<DeviceError>([&] { npu.operand(Matrix::random(64, kState, 2)); }),
                   "for an operand of 64 x 384"));
}

TEST_CASE("a run that does not end is abandoned after the limit", "[.][timeout]") {
    const Stopwatch watch;
    const auto message = error_of_running();
    CHECK(contains(message, "did not finish blocks.0.attn.query and blocks.0.attn.key within 0.2 s"));
    CHECK(watch.seconds() < 5);
}

TEST_CASE("a run that fails on the array is named", "[.][failed-run]") {
    const auto message = error_of_running();
    CHECK(contains(message, "failed in blocks.0.attn.query and blocks.0.attn.key"));
}

TEST_CASE("a run that the driver ends because it takes too long is a time-out", "[.][reset-run]") {
    Npu npu;
    const auto linear = npu.load(Matrix::random(kState, kState, 1), {}, "attn.out");
    const auto operand = npu.operand(Matrix::random(64, kState, 2));
    Matrix a(64, kState), b(64, kState);
    Run first = linear->submit(*operand, a.view(), Epilogue::none),
        second = linear->submit(*operand, b.view(), Epilogue::none);
    CHECK_THROWS_AS(first.wait(), NpuTimeout);
    CHECK_THROWS_AS(second.wait(), DeviceError);
}

TEST_CASE("a device that disappears is an error", "[.][lost]") {
    CHECK(contains(error_of_running(), "the device is gone"));
}

TEST_CASE("the values that the array returns are the result", "[.][corrupted]") {
    Npu npu;
    const auto w = Matrix::random(kState, kState, 1), x = Matrix::random(8, kState, 2);
    const auto linear = npu.load(w, {});
    const auto operand = npu.operand(x);
    Matrix y(x.rows, kState);
    linear->submit(*operand, y.view(), Epilogue::none).wait();
    Matrix negated = product(x, w, {});  // the fault changes every sign
    for (float& value : negated.values) value = -value;
    CHECK(relative_l2(y, negated) < 1e-6);
}
