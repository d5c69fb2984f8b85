#pragma once
// The input of the benchmarks, and parts that they share.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/matrix_view.h"
#include "base/thread_pool.h"
#include "bench/progress.h"
#include "bench/result.h"
#include "bench/speech.h"
#include "device/device.h"
#include "model/checkpoint.h"

namespace npuscribe::bench {

struct Context {
    const Checkpoint& checkpoint;
    std::string model;  // the model's name
    Device& device;     // multiplies the encoder's layers
    ThreadPool& pool;
    const Speech& speech;
    size_t frames = 0;  // encoder frames of 20 ms
    size_t runs = 0;
    Progress progress;

    const Dimensions& dimensions() const { return checkpoint.dimensions(); }
    double audio_seconds() const;
    /// The origin of times that depend on the device.
    Origin origin() const;
    /// Calls `progress` with, for example, "run 3 of 10".
    void step(std::string_view what, size_t index, size_t count) const;
};

/// Notes in the criteria that their limits are the study's for an NPU if `device` is the CPU.
void mark_limits_of_npu(std::span<Criterion> criteria, const Device& device);

/// Lines of a result's setup: device, numerics, threads.
std::vector<std::pair<std::string, std::string>> device_setup(Device& device, ThreadPool& pool);
/// The same with model, input, frames and runs.
std::vector<std::pair<std::string, std::string>> setup(const Context&);

/// The device's own count of seconds since this object was made.
struct DeviceSpan {
    explicit DeviceSpan(Device& device_) : device(device_), before(device_.stats()) {}
    double prepare() const { return device.stats().prepare_seconds - before.prepare_seconds; }
    double matmul() const { return device.stats().matmul_seconds - before.matmul_seconds; }
    double transfer() const { return device.stats().transfer_seconds - before.transfer_seconds; }

    Device& device;
    DeviceStats before;
};

/// Of a device whose times are modelled: the ends of the range that they are the middle of, for the array's
/// part of `layers` layers, and what they depend on. Adds nothing for other devices.
void add_modelled_range(const Context&, size_t layers, Result&);

/// The log-mel of window `index` of the speech, [2·frames × n_mels].
Buffer<float> mel(const Context&, size_t index, size_t frames);

/// The first layer's input: the convolutions' output [frames × n_audio_state], in fp32. Frames beyond the
/// model's n_audio_ctx come from the next window, with positions from 0 on: a layer takes any number of rows.
Buffer<float> stem_output(const Context&);

/// The dimensions of a workspace for `frames`, even if they are more than the model has positions for.
Dimensions with_frames(Dimensions dimensions, size_t frames);

}  // namespace npuscribe::bench
