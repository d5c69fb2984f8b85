#include "bench/cpu_projection.h"

#include <algorithm>
#include <random>

#include "base/stopwatch.h"
#include "bench/generated_encoder.h"
#include "bench/layer_runner.h"
#include "bench/power_sensors.h"
#include "bench/statistics.h"
#include "device/cpu/cpu_device.h"

namespace npuscribe::bench {
namespace {

constexpr size_t kLeastRuns = 3;
constexpr double kLeastSeconds = 0.2;

std::vector<PowerSensor> cpu_packages() {
    auto sensors = find_power_sensors("/sys").sensors;
    std::erase_if(sensors, [](const PowerSensor& s) { return s.part != PowerSensor::Part::cpu_package; });
    return sensors;
}

}  // namespace

CpuProjection measure_cpu(const Shape& shape, Precision precision, ThreadPool& pool) {
    Dimensions dimensions;
    dimensions.n_audio_state = shape.state;
    dimensions.n_audio_head = shape.state / kHeadSize;
    dimensions.n_audio_ctx = shape.frames;
    const auto device = make_cpu_device({precision, {}}, pool);
    dimensions.n_audio_layer = 1;
    const GeneratedEncoder weights(dimensions);
    LayerRunner layer(weights, 0, shape.frames, *device, pool);

    std::minstd_rand random(1);
    std::normal_distribution<float> normal;
    Buffer<float> input(shape.frames * shape.state), x(input.size());
    for (float& value : input) value = normal(random);
    const auto run = [&] {
        std::copy(input.begin(), input.end(), x.begin());
        return layer.run(x.matrix(shape.frames, shape.state));
    };
    run();  // warms up

    const auto sensors = cpu_packages();
    std::vector<double> total, host;
    PowerMeter meter(sensors);
    const Stopwatch watch;
    while (total.size() < kLeastRuns || watch.seconds() < kLeastSeconds) {
        const LayerSeconds seconds = run();
        total.push_back(seconds.total);
        host.push_back(seconds.prepare + seconds.attention);
    }
    const double elapsed = watch.seconds();
    const auto readings = meter.stop();

    const auto layers = static_cast<double>(shape.layers);
    CpuProjection result{layers * median(total), layers * median(host), std::nullopt};
    double watts = 0;
    for (const auto& reading : readings) {
        if (!reading) return result;
        watts += reading->average;
    }
    if (!readings.empty() && elapsed > 0) result.joules = watts * result.seconds;
    return result;
}

}  // namespace npuscribe::bench
