#pragma once
// An encoder's layers on this CPU, measured: one layer with generated weights, times their number.

#include <optional>

#include "base/thread_pool.h"
#include "bench/projection.h"
#include "device/device.h"

namespace npuscribe::bench {

/// Of all layers on one window.
struct CpuProjection {
    double seconds = 0;
    double host_seconds = 0;  // of these, what stays on the CPU where an NPU multiplies: attention, norms,
                              // quantisation
    std::optional<double> joules;  // of all CPU packages, where RAPL can be read
};

/// `shape.batch` is taken as 1. Throws DeviceError where the cpu device has no such precision.
CpuProjection measure_cpu(const Shape& shape, Precision precision, ThreadPool& pool);

}  // namespace npuscribe::bench
