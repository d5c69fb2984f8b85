#pragma once
// A machine's power sensors: RAPL's energy counters of the CPU (Linux's powercap; AMD's appear there under
// Intel's name, too), and the NPU's own sensor, a hwmon device that the driver names amdxdna.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace npuscribe::bench {

struct PowerSensor {
    enum class Kind {
        energy,  // a counter of microjoules that starts over at `range`
        power,   // the present power in microwatts
    };
    enum class Part { cpu_package, cpu_other, npu };  // cpu_other: within a package, or its DRAM

    std::string name;  // "package-0", "NPU"
    Kind kind = Kind::energy;
    Part part = Part::cpu_package;
    std::filesystem::path file;
    uint64_t range = 0;  // of an energy counter; 0: not known
};

struct PowerSensors {
    std::vector<PowerSensor> sensors;   // those that can be read
    std::vector<std::string> problems;  // for each other, why it cannot be read
};

/// Looks in `sys`/class/powercap and `sys`/class/hwmon. Does not throw.
PowerSensors find_power_sensors(const std::filesystem::path& sys);

/// The number that the file holds, as files in sysfs do; nothing if it cannot be read.
std::optional<uint64_t> read_number(const std::filesystem::path& file);

/// Microjoules between two readings of a counter that starts over at `range` (0: never).
uint64_t energy_between(uint64_t before, uint64_t after, uint64_t range);

struct PowerReading {
    double seconds = 0;
    double joules = 0;
    double average = 0;  // W
    double peak = 0;     // W, over one interval
};

/// Reads sensors every 100 ms on a thread of its own, from construction to `stop`.
class PowerMeter {
  public:
    explicit PowerMeter(std::vector<PowerSensor> sensors);
    ~PowerMeter();
    PowerMeter(const PowerMeter&) = delete;
    PowerMeter& operator=(const PowerMeter&) = delete;

    /// One reading for each sensor, in their order: nothing for a sensor that failed. Call it once.
    std::vector<std::optional<PowerReading>> stop();

  private:
    struct State {
        PowerSensor sensor;
        bool failed = false;
        uint64_t last = 0;
        PowerReading reading;
    };
    void loop();
    void read(double seconds);

    std::vector<State> states_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace npuscribe::bench
