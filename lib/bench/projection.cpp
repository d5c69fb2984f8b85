#include "bench/projection.h"

namespace npuscribe::bench {
namespace {

constexpr double kSecondsPerHour = 3600;

double rows(const Shape& s) {
    return static_cast<double>(s.frames * s.batch);
}
double width(const Shape& s) {
    return static_cast<double>(s.state);
}
double layers(const Shape& s) {
    return static_cast<double>(s.layers);
}

// Values that the six matmuls of a layer read, and give, a row: five of `state` and one of 4·state either
// way.
constexpr double kActivations = 5 + 4;
// Values of a layer's weights, in state²: four of 1, two of 4.
constexpr double kWeights = 4 + 2 * 4;

Traffic traffic(const Shape& s, double in_bytes, double out_bytes, double weight_bytes) {
    const double values = layers(s) * kActivations * rows(s) * width(s);
    return {values * in_bytes, values * out_bytes, layers(s) * kWeights * width(s) * width(s) * weight_bytes};
}

}  // namespace

double matmul_operations(const Shape& s) {
    return 2 * layers(s) * rows(s) * kWeights * width(s) * width(s);
}

double attention_operations(const Shape& s) {
    return 2 * layers(s) * 2 * rows(s) * static_cast<double>(s.frames) * width(s);
}

Traffic track2_traffic(const Shape& s) {
    return traffic(s, kBfp16Bytes, kBfp16Bytes, kBfp16Bytes);
}

Traffic track1_traffic(const Shape& s) {
    return traffic(s, 1, 4, 1);
}

Energy energy(double joules, double audio_seconds, double battery_watt_hours) {
    const double per_second = joules / audio_seconds;
    return {joules, per_second * kSecondsPerHour, battery_watt_hours / per_second};
}

double joules(double busy, double total, double active, double idle) {
    return busy * active + (total - busy) * idle;
}

}  // namespace npuscribe::bench
