#include "bench/power_sensors.h"

#include <chrono>
#include <thread>

#include "catch.h"
#include "temporary_directory.h"

using namespace npuscribe::bench;
using npuscribe::test::Approx;
using npuscribe::test::contains;
using npuscribe::test::TemporaryDirectory;

namespace {

std::string all(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += line + "\n";
    return out;
}

}  // namespace

TEST_CASE("without sensors, the problems say which are missing", "[bench]") {
    const TemporaryDirectory sys;
    const PowerSensors found = find_power_sensors(sys.path());
    CHECK(found.sensors.empty());
    REQUIRE(found.problems.size() == 2);
    CHECK(contains(all(found.problems), "powercap"));
    CHECK(contains(all(found.problems), "amdxdna"));
}

TEST_CASE("RAPL's packages and the NPU's sensor are found", "[bench]") {
    const TemporaryDirectory sys;
    sys.write("class/powercap/intel-rapl:0/name", "package-0");
    sys.write("class/powercap/intel-rapl:0/energy_uj", "1000");
    sys.write("class/powercap/intel-rapl:0/max_energy_range_uj", "65532610987");
    sys.write("class/powercap/intel-rapl:0:0/name", "core");
    sys.write("class/powercap/intel-rapl:0:0/energy_uj", "400");
    sys.write("class/powercap/intel-rapl:1/name", "psys");  // the whole board, which includes the package
    sys.write("class/powercap/intel-rapl:1/energy_uj", "9000");
    sys.write("class/hwmon/hwmon0/name", "k10temp");
    sys.write("class/hwmon/hwmon1/name", "amdxdna");
    sys.write("class/hwmon/hwmon1/power1_input", "4500000");

    const PowerSensors found = find_power_sensors(sys.path());
    CHECK(found.problems.empty());
    REQUIRE(found.sensors.size() == 3);
    CHECK(found.sensors[0].name == "package-0");
    CHECK(found.sensors[0].part == PowerSensor::Part::cpu_package);
    CHECK(found.sensors[0].range == 65532610987);
    CHECK(found.sensors[1].part == PowerSensor::Part::cpu_other);
    CHECK(found.sensors[2].part == PowerSensor::Part::npu);
    CHECK(found.sensors[2].kind == PowerSensor::Kind::power);
}

TEST_CASE("a counter that cannot be read is a problem, not 0", "[bench]") {
    const TemporaryDirectory sys;
    sys.write("class/powercap/intel-rapl:0/name", "package-0");
    sys.write("class/powercap/intel-rapl:0/energy_uj", "no number");
    const PowerSensors found = find_power_sensors(sys.path());
    CHECK(found.sensors.empty());
    CHECK(contains(all(found.problems), "energy_uj cannot be read"));
}

TEST_CASE("energy counters start over at their range", "[bench]") {
    CHECK(energy_between(100, 350, 1000) == 250);
    CHECK(energy_between(900, 50, 1000) == 150);  // 100 to the end, 50 from there
    CHECK(energy_between(5, 5, 1000) == 0);
}

TEST_CASE("a meter turns microjoules and microwatts into watts", "[bench]") {
    const TemporaryDirectory sys;
    sys.write("class/powercap/intel-rapl:0/name", "package-0");
    sys.write("class/powercap/intel-rapl:0/energy_uj", "1000000");
    sys.write("class/hwmon/hwmon0/name", "amdxdna");
    sys.write("class/hwmon/hwmon0/power1_input", "4500000");
    PowerMeter meter(find_power_sensors(sys.path()).sensors);
    sys.write("class/powercap/intel-rapl:0/energy_uj", "4000000");
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    const auto readings = meter.stop();
    REQUIRE(readings.size() == 2);
    REQUIRE(readings[0]);
    REQUIRE(readings[1]);
    CHECK(readings[0]->joules == Approx(3));
    CHECK(readings[0]->average == Approx(3 / readings[0]->seconds));
    CHECK(readings[0]->peak >= readings[0]->average);
    CHECK(readings[1]->average == Approx(4.5));
    CHECK(readings[1]->peak == Approx(4.5));
}

TEST_CASE("a sensor that fails during the measurement has no reading", "[bench]") {
    const TemporaryDirectory sys;
    sys.write("class/hwmon/hwmon0/name", "amdxdna");
    sys.write("class/hwmon/hwmon0/power1_input", "4500000");
    PowerMeter meter(find_power_sensors(sys.path()).sensors);
    sys.write("class/hwmon/hwmon0/power1_input", "");
    const auto readings = meter.stop();
    REQUIRE(readings.size() == 1);
    CHECK_FALSE(readings[0]);
}
