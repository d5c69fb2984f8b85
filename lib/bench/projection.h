#pragma once
// The arithmetic of the projections: operations, bytes and energy of an encoder's layers of any size.

#include <cstddef>

namespace npuscribe::bench {

inline constexpr double kFrameSeconds = 0.02;  // of audio in an encoder frame

/// Layers of an encoder on `batch` windows of `frames` frames each.
struct Shape {
    size_t state = 0;
    size_t layers = 0;
    size_t frames = 0;
    size_t batch = 1;

    double audio_seconds() const { return static_cast<double>(frames * batch) * kFrameSeconds; }
};

/// Values that the six matmuls of every layer read, and also write: five of `state` and one of 4·state for
/// each row. The six are query, key, value and out [state × state], and the MLP's two [4·state × state].
double layer_activations(const Shape&);
/// Values of these matmuls' weights.
double layer_weights(const Shape&);
/// Their operations; a multiply-add is two.
double matmul_operations(const Shape&);
/// Operations of attention's two products over all heads: quadratic in the frames.
double attention_operations(const Shape&);

/// Bytes that move between host and NPU.
struct Traffic {
    double to_device = 0;    // activations
    double from_device = 0;  // results
    double weights = 0;      // moved once if they stay on the NPU, else every time

    double resident() const { return to_device + from_device; }
    double not_resident() const { return resident() + weights; }
};

/// Hours of audio that a battery of `watt_hours` transcribes, if `audio_seconds` of audio take `joules`.
double battery_hours(double joules, double audio_seconds, double watt_hours);

/// Joules of a device that draws `active` W for `busy` of `total` seconds, and `idle` W for the rest.
double joules(double busy, double total, double active, double idle);

}  // namespace npuscribe::bench
