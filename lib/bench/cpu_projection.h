#pragma once
// How long an encoder's layers take on this CPU: one layer with generated weights is measured, and multiplied
// by their number.

#include <optional>

#include "base/thread_pool.h"
#include "bench/projection.h"
#include "device/device.h"

namespace npuscribe::bench {

/// For all layers on one window.
struct CpuProjection {
    double seconds = 0;
    double host_seconds = 0;       // the part that an NPU leaves to the CPU: attention, norms, quantisation
    std::optional<double> joules;  // of all CPU packages, if RAPL can be read
};

/// Ignores shape.batch. Throws DeviceError if the cpu device does not have the precision.
CpuProjection measure_cpu(const Shape& shape, Precision precision, ThreadPool& pool);

}  // namespace npuscribe::bench
