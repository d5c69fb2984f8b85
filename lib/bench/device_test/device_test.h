#pragma once
// The test of a device on first contact: from one product to the whole encoder, each compared with the CPU.
// It stops at the first difference and says what that means.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "bench/device_test/failure.h"
#include "bench/device_test/steps.h"
#include "device/device.h"
#include "device/npu/npu_probe.h"

namespace npuscribe::device_test {

struct StepResult {
    Step step = Step::once;
    std::string scope;  // what it covered: "20 shapes, …"
    bool passed = false;
    double seconds = 0;
    uint64_t matmuls = 0;  // that the device did in it
};

struct Report {
    DeviceInfo device;
    std::optional<NpuStatus> npu;  // asked before the test, because a hung NPU may not answer
    std::string model;             // "tiny.en", or "generated weights, n_audio_state 384"
    std::vector<Shape> shapes;
    size_t planned_shapes = 0;  // with those for which the device has no programs
    std::vector<StepResult> steps;
    std::optional<Failure> failure;  // explained

    bool passed() const { return !failure; }
};

struct Listener {
    std::function<void(const Report&)> begins;
    std::function<void(const StepResult&)> ends;  // passed or not
    std::function<void(const std::string&)> progress;
};

/// Tests the device called `name`, one of device_names(), in BFP16. `model` is a model's name or path; empty:
/// the smallest fetched model for which the device has programs, or generated weights of that size. Throws
/// DeviceError if there is no such device here or it has no programs for the model, and ModelError.
Report test_device(const std::string& name, const std::string& model, ThreadPool& pool,
                   const Listener& listener);

/// What to attach to a bug report, as JSON: the report, the versions of what takes part, the plan, and, if a
/// product failed, its instructions and part of its operands and results. It names no file of the user's, no
/// user and no host, and no file of it is larger than a few MB.
std::string diagnostics(const Report& report, const std::string& npuscribe_version);

}  // namespace npuscribe::device_test
