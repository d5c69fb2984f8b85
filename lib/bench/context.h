#pragma once
// What all benchmarks are given, and the parts that they share.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "base/thread_pool.h"
#include "bench/result.h"
#include "bench/speech.h"
#include "device/device.h"
#include "model/checkpoint.h"

namespace npuscribe::bench {

struct Context {
    const Checkpoint& checkpoint;
    std::string model;  // its name
    Device& device;     // of the encoder
    ThreadPool& pool;
    const Speech& speech;
    size_t frames = 0;  // encoder frames of 20 ms
    size_t runs = 0;
    /// Told what is going on, often; may throw Cancelled.
    std::function<void(const std::string&)> progress;

    const Dimensions& dimensions() const { return checkpoint.dimensions(); }
    double audio_seconds() const;
    /// Of times that the device had a part in.
    Origin origin() const;
    /// "run 3 of 10", to `progress`.
    void step(std::string_view what, size_t index, size_t count) const;
};

/// Device, numerics, threads.
std::vector<std::pair<std::string, std::string>> device_setup(Device& device, ThreadPool& pool);
/// The same with model, input, frames and runs.
std::vector<std::pair<std::string, std::string>> setup(const Context&);

/// A device's own count of a stretch of work, in seconds.
struct DeviceSpan {
    explicit DeviceSpan(Device& device_) : device(device_), before(device_.stats()) {}
    double prepare() const { return device.stats().prepare_seconds - before.prepare_seconds; }
    double matmul() const { return device.stats().matmul_seconds - before.matmul_seconds; }
    double transfer() const { return device.stats().transfer_seconds - before.transfer_seconds; }

    Device& device;
    DeviceStats before;
};

/// The log-mel of window `index` of the speech, [2·frames × n_mels].
Buffer<float> mel(const Context&, size_t index, size_t frames);

/// What the first layer sees: the convolutions' output [frames × n_audio_state], in fp32. Frames beyond the
/// model's n_audio_ctx are those of the next window, its positions from 0 again: a layer takes any number of
/// rows.
Buffer<float> stem_output(const Context&);

/// A workspace's dimensions for `frames`, however many the model has positions for.
Dimensions with_frames(Dimensions dimensions, size_t frames);

}  // namespace npuscribe::bench
