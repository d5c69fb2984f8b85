#include <fmt/format.h>

#include "base/stopwatch.h"
#include "bench/benchmarks.h"
#include "bench/encoder_runner.h"
#include "bench/power_sensors.h"
#include "bench/projection.h"
#include "bench/study/study_figures.h"

namespace npuscribe::bench {
namespace {

constexpr double kSecondsPerHour = 3600;

/// Power of the part that encodes: all CPU packages together, or the NPU. Nothing if it has no sensor.
std::optional<PowerReading> total(const std::vector<PowerSensor>& sensors,
                                  const std::vector<std::optional<PowerReading>>& readings,
                                  PowerSensor::Part part) {
    std::optional<PowerReading> sum;
    for (size_t i = 0; i < sensors.size(); ++i) {
        if (sensors[i].part != part) continue;
        if (!readings[i]) return std::nullopt;
        if (!sum) sum.emplace();
        sum->seconds = readings[i]->seconds;
        sum->joules += readings[i]->joules;
        sum->average += readings[i]->average;
        sum->peak += readings[i]->peak;
    }
    return sum;
}

std::optional<double> of(const std::optional<PowerReading>& reading, double PowerReading::*member) {
    if (!reading) return std::nullopt;
    return (*reading).*member;
}

}  // namespace

Result power(const Context& context, double seconds, const std::filesystem::path& sys) {
    PowerSensors found = find_power_sensors(sys);
    EncoderRunner runner(context);
    const auto input = mel(context, 0, context.frames);
    runner.run(input);  // warms up

    PowerMeter meter(found.sensors);
    const Stopwatch watch;
    size_t windows = 0;
    do {
        runner.run(input);
        ++windows;
        if (context.progress)
            context.progress(fmt::format("encoding, {:.0f} of {:.0f} s", watch.seconds(), seconds));
    } while (watch.seconds() < seconds);
    const double elapsed = watch.seconds();
    const auto readings = meter.stop();

    const double audio_hours = static_cast<double>(windows) * context.audio_seconds() / kSecondsPerHour;
    Result result;
    result.name = "bench power";
    result.setup = setup(context);
    result.setup.pop_back();  // the number of runs: this benchmark runs for some seconds instead
    const DeviceInfo info = context.device.info();
    const bool on_npu = info.name == kNpuDevice;
    const bool emulated = info.modelled_times;
    std::optional<PowerReading> reading;  // none for an emulated array, which draws no power of its own
    if (!emulated)
        reading =
            total(found.sensors, readings, on_npu ? PowerSensor::Part::npu : PowerSensor::Part::cpu_package);
    const auto joules = of(reading, &PowerReading::joules);
    result.quantities = {
        {"time", elapsed, "s", Origin::measured},
        {"windows encoded", static_cast<double>(windows), "", Origin::measured},
        {"average power", of(reading, &PowerReading::average), "W", Origin::measured},
        {"peak power, over 0.1 s", of(reading, &PowerReading::peak), "W", Origin::measured},
        {"energy", joules, "J", Origin::measured},
        {"energy an hour of audio", joules ? std::optional(*joules / audio_hours) : std::nullopt, "J",
         Origin::measured}};

    Table table{
        "Sensors while encoding", {{"sensor", ""}, {"average", "W"}, {"peak", "W"}, {"energy", "J"}}, {}};
    for (size_t i = 0; i < found.sensors.size(); ++i) {
        const auto cell = [&](double PowerReading::*member) -> Cell {
            return readings[i] ? Cell((*readings[i]).*member) : Cell();
        };
        table.rows.push_back({{found.sensors[i].name, cell(&PowerReading::average), cell(&PowerReading::peak),
                               cell(&PowerReading::joules)},
                              Origin::measured});
    }
    if (!table.rows.empty()) result.tables.push_back(std::move(table));

    const std::string what = on_npu ? "NPU" : emulated ? "emulated array" : "CPU";
    result.criteria = {{what + ", average power", Relation::below, study::kAverageWatts,
                        of(reading, &PowerReading::average), "W", Origin::measured},
                       {what + ", peak power", Relation::below, study::kPeakWatts,
                        of(reading, &PowerReading::peak), "W", Origin::measured}};
    for (const std::string& problem : found.problems)
        result.notes.push_back("Not measured: " + problem + ".");
    if (emulated)
        result.notes.emplace_back("The array is emulated: what the CPU draws for it is not its power.");
    result.notes.emplace_back("The study's limits are an NPU's, for its own power alone.");
    return result;
}

}  // namespace npuscribe::bench
