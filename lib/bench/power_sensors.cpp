#include "bench/power_sensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "base/stopwatch.h"

namespace npuscribe::bench {
namespace fs = std::filesystem;
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);

std::string read_word(const fs::path& file) {
    std::ifstream in(file);
    std::string word;
    in >> word;
    return word;
}

std::vector<fs::path> directories(const fs::path& parent) {
    std::vector<fs::path> out;
    std::error_code error;
    for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error))
        out.push_back(entry->path());
    std::sort(out.begin(), out.end());
    return out;
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

void find_rapl(const fs::path& sys, PowerSensors& out) {
    const fs::path powercap = sys / "class" / "powercap";
    if (!is_there(powercap)) {
        out.problems.push_back(
            fmt::format("the CPU's power: there is no {}; virtual machines and containers seldom "
                        "have it, other machines after modprobe intel_rapl_msr",
                        powercap.string()));
        return;
    }
    bool any = false;
    for (const fs::path& zone : directories(powercap)) {
        const std::string id = zone.filename().string();  // "intel-rapl:0", and "intel-rapl:0:1" within it
        const auto depth = std::count(id.begin(), id.end(), ':');
        if (!id.starts_with("intel-rapl:") || !is_there(zone / "energy_uj")) continue;
        const std::string name = read_word(zone / "name");
        if (name == "psys") continue;  // the whole board, packages included
        if (!read_number(zone / "energy_uj")) {
            out.problems.push_back(
                fmt::format("the CPU's power: {} cannot be read; Linux lets only root read it",
                            (zone / "energy_uj").string()));
            continue;
        }
        any = true;
        out.sensors.push_back({name, PowerSensor::Kind::energy,
                               depth == 1 ? PowerSensor::Part::cpu_package : PowerSensor::Part::cpu_other,
                               zone / "energy_uj", read_number(zone / "max_energy_range_uj").value_or(0)});
    }
    if (!any && out.problems.empty()) {
        out.problems.push_back(fmt::format("the CPU's power: {} has no intel-rapl zone", powercap.string()));
    }
}

void find_npu(const fs::path& sys, PowerSensors& out) {
    for (const fs::path& device : directories(sys / "class" / "hwmon")) {
        if (read_word(device / "name") != "amdxdna") continue;
        if (!read_number(device / "power1_input")) {
            out.problems.push_back(
                fmt::format("the NPU's power: {} cannot be read", (device / "power1_input").string()));
            return;
        }
        out.sensors.push_back(
            {"NPU", PowerSensor::Kind::power, PowerSensor::Part::npu, device / "power1_input", 0});
        return;
    }
    out.problems.push_back(
        fmt::format("the NPU's power: no hwmon device in {} is called amdxdna; there is no NPU, or "
                    "its driver has no sensor here (xdna-driver 2.26, a kernel with amd_pmf)",
                    (sys / "class" / "hwmon").string()));
}

}  // namespace

std::optional<uint64_t> read_number(const fs::path& file) {
    std::ifstream in(file);
    uint64_t value = 0;
    if (!(in >> value)) return std::nullopt;
    return value;
}

PowerSensors find_power_sensors(const fs::path& sys) {
    PowerSensors out;
    find_rapl(sys, out);
    find_npu(sys, out);
    return out;
}

uint64_t energy_between(uint64_t before, uint64_t after, uint64_t range) {
    if (after >= before) return after - before;
    return range > before ? range - before + after : after;
}

PowerMeter::PowerMeter(std::vector<PowerSensor> sensors) {
    for (PowerSensor& sensor : sensors) {
        State state;
        const auto first = read_number(sensor.file);
        state.failed = !first;
        state.last = first.value_or(0);
        state.sensor = std::move(sensor);
        states_.push_back(std::move(state));
    }
    thread_ = std::thread([this] { loop(); });
}

PowerMeter::~PowerMeter() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void PowerMeter::loop() {
    Stopwatch watch;
    do {
        std::this_thread::sleep_for(kInterval);
        const double seconds = watch.seconds();
        watch.restart();
        read(seconds);
    } while (!stop_);
}

void PowerMeter::read(double seconds) {
    for (State& state : states_) {
        const auto value = read_number(state.sensor.file);
        if (!value) state.failed = true;
        if (state.failed) continue;
        const double joules =
            state.sensor.kind == PowerSensor::Kind::energy
                ? static_cast<double>(energy_between(state.last, *value, state.sensor.range)) / 1e6
                : static_cast<double>(*value) / 1e6 * seconds;
        state.last = *value;
        state.reading.seconds += seconds;
        state.reading.joules += joules;
        state.reading.peak = std::max(state.reading.peak, joules / seconds);
    }
}

std::vector<std::optional<PowerReading>> PowerMeter::stop() {
    stop_ = true;
    thread_.join();
    std::vector<std::optional<PowerReading>> out;
    for (State& state : states_) {
        if (state.failed) {
            out.emplace_back();
            continue;
        }
        state.reading.average = state.reading.joules / state.reading.seconds;
        out.emplace_back(state.reading);
    }
    return out;
}

}  // namespace npuscribe::bench
