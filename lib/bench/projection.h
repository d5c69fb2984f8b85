#pragma once
// The arithmetic of the projections: operations, bytes, times, energy of an encoder's layers of any size.

#include <cstddef>

namespace npuscribe::bench {

inline constexpr double kFrameSeconds = 0.02;   // of audio, an encoder frame
inline constexpr double kBfp16Bytes = 9.0 / 8;  // a value

/// Layers of an encoder on `batch` windows of `frames` frames each.
struct Shape {
    size_t state = 0;
    size_t layers = 0;
    size_t frames = 0;
    size_t batch = 1;

    double audio_seconds() const { return static_cast<double>(frames * batch) * kFrameSeconds; }
};

/// Of the six matmuls of every layer: query, key, value and out [state × state], the MLP's two [4·state ×
/// state]. A multiply-add is two.
double matmul_operations(const Shape&);
/// Of attention's two products, over all heads: quadratic in the frames.
double attention_operations(const Shape&);

/// What crosses the border of an NPU, in bytes.
struct Traffic {
    double to_device = 0;    // activations
    double from_device = 0;  // results
    double weights = 0;      // once, where they stay there; else every time

    double resident() const { return to_device + from_device; }
    double not_resident() const { return resident() + weights; }
};

/// Track 2 as the study has it, with all six matmuls at their true sizes: each takes its own activations and
/// gives its results in BFP16.
Traffic track2_traffic(const Shape&);
/// Track 1: INT8 in, INT32 out.
Traffic track1_traffic(const Shape&);

/// What encoding takes out of a battery.
struct Energy {
    double joules = 0;           // for the shape's audio
    double joules_per_hour = 0;  // of audio
    double battery_hours = 0;    // of audio that a battery transcribes, this work alone
};
Energy energy(double joules, double audio_seconds, double battery_watt_hours);

/// Joules of a device that draws `active` W for `busy` of `total` seconds, and `idle` W for the rest.
double joules(double busy, double total, double active, double idle);

}  // namespace npuscribe::bench
