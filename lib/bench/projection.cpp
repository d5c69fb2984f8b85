#include "bench/projection.h"

namespace npuscribe::bench {
namespace {

double rows(const Shape& s) {
    return static_cast<double>(s.frames * s.batch);
}
double width(const Shape& s) {
    return static_cast<double>(s.state);
}
double layers(const Shape& s) {
    return static_cast<double>(s.layers);
}

}  // namespace

double layer_activations(const Shape& s) {
    return layers(s) * (5 + 4) * rows(s) * width(s);
}

double layer_weights(const Shape& s) {
    return layers(s) * (4 + 2 * 4) * width(s) * width(s);
}

double matmul_operations(const Shape& s) {
    return 2 * rows(s) * layer_weights(s);
}

double attention_operations(const Shape& s) {
    return 2 * layers(s) * 2 * rows(s) * static_cast<double>(s.frames) * width(s);
}

double battery_hours(double joules, double audio_seconds, double watt_hours) {
    return watt_hours / (joules / audio_seconds);
}

double joules(double busy, double total, double active, double idle) {
    return busy * active + (total - busy) * idle;
}

}  // namespace npuscribe::bench
