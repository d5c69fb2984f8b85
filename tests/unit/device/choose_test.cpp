#include "device/choose.h"

#include <algorithm>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"

using namespace npuscribe;

TEST_CASE("the choices are auto and the names of all devices") {
    CHECK(std::ranges::equal(device_names(), std::vector{"cpu", "npu", "emulated"}));
    CHECK(device_choices().front() == "auto");
    CHECK(std::ranges::equal(device_choices().subspan(1), device_names()));
}

TEST_CASE("a device is made by its name, and has that name") {
    ThreadPool pool(1);
    for (const std::string_view name : {"cpu", "emulated"}) {
        CHECK(choose_device(name, {}, pool).device->info().name == name);
    }
}

TEST_CASE("a name that no device has is refused with all that there are") {
    ThreadPool pool(1);
    CHECK(test::message_of<UsageError>([&] { choose_device("gpu", {}, pool); }) ==
          "there is no device 'gpu'; choose auto, cpu, npu or emulated");
}

TEST_CASE("all devices are listed, usable here or not") {
    const auto listed = list_devices();
    CHECK(std::ranges::equal(listed, device_names(), {}, &DeviceListing::name));
    for (const DeviceListing& device : listed) {
        CHECK_FALSE(device.summary.empty());
        CHECK(device.available == device.missing.empty());
    }
}

TEST_CASE("every precision has a name, and is found by it") {
    REQUIRE(precisions().size() == precision_names().size());
    for (size_t i = 0; i < precisions().size(); ++i) {
        CHECK(name(precisions()[i]) == precision_names()[i]);
        CHECK(parse_precision(precision_names()[i]) == precisions()[i]);
    }
    CHECK(test::message_of<UsageError>([] { parse_precision("int4"); }) ==
          "there is no precision 'int4'; choose bfp16, bf16, fp32, int8 or int8-tensor");
}
