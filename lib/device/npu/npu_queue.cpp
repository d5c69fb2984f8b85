#include "device/npu/npu_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "device/npu/npu_probe.h"

namespace npuscribe {

using xrt_backend::Failure;
using xrt_backend::XrtError;

namespace {

// XRT cuts a runlist into chains of this many commands, so a longer list gains nothing.
constexpr size_t kLongestRunlist = 24;

}  // namespace

class NpuBatch {
  public:
    enum class State { gathering, running, done, failed };

    State state = State::gathering;
    xrt_backend::Context* context = nullptr;
    std::vector<xrt_backend::Call*> calls;
    std::vector<std::string> names;
    std::unique_ptr<xrt_backend::Submission> submission;
    Stopwatch since_submission;

    std::string describe() const {
        std::string text = names.front();
        for (size_t i = 1; i < names.size(); ++i) text += (i + 1 == names.size() ? " and " : ", ") + names[i];
        return text;
    }
};

void throw_npu_error(const XrtError& error, const std::string& doing) {
    const std::string what = fmt::format("the NPU {}: {}", doing, error.what());
    switch (error.failure()) {
        case Failure::no_memory:
            throw DeviceError(what + "; " + memlock_advice());
        case Failure::no_device:
            throw DeviceError(what + "; 'npuscribe device info npu' lists what is missing");
        case Failure::access_denied:
            throw DeviceError(what + "; add yourself to the group render: 'sudo usermod -aG render $USER'");
        case Failure::bad_program:
            throw DeviceError(what + "; build the array programs again (kernels/README.md)");
        case Failure::failed_run:
            throw DeviceError(what + "; 'dmesg' may say why; start npuscribe again to open the device anew");
        case Failure::timed_out:
            throw NpuTimeout(what + "; 'dmesg' may say why; start npuscribe again to open the device anew");
        case Failure::other:
            break;
    }
    throw DeviceError(what);
}

NpuQueue::~NpuQueue() {
    if (!gathering_ || gathering_->calls.empty()) return;
    gathering_->state = NpuBatch::State::failed;  // nobody has waited for it, so it never starts
}

void NpuQueue::check() const {
    if (lost()) throw DeviceError(lost_);
}

void NpuQueue::lose(const std::string& why) {
    lost_ = why;
    throw DeviceError(lost_);
}

std::shared_ptr<NpuBatch> NpuQueue::add(xrt_backend::Context& context, xrt_backend::Call& call,
                                        const std::string& what) {
    check();
    if (gathering_ && (gathering_->context != &context || gathering_->calls.size() == kLongestRunlist))
        flush();
    if (!gathering_) {
        gathering_ = std::make_shared<NpuBatch>();
        gathering_->context = &context;
    }
    gathering_->calls.push_back(&call);
    gathering_->names.push_back(what);
    return gathering_;
}

void NpuQueue::flush() {
    check();
    if (!gathering_) return;
    const auto batch = std::exchange(gathering_, nullptr);
    batch->since_submission.restart();
    try {
        batch->submission = batch->context->submit(batch->calls);
        batch->state = NpuBatch::State::running;
    } catch (const XrtError& error) {
        batch->state = NpuBatch::State::failed;
        try {
            throw_npu_error(error, "did not start " + batch->describe());
        } catch (const DeviceError& failure) {
            lose(failure.what());
        }
    }
}

void NpuQueue::start(const NpuBatch& batch) {
    check();
    if (batch.state == NpuBatch::State::gathering) flush();
}

void NpuQueue::finish(NpuBatch& batch) {
    if (batch.state == NpuBatch::State::done) return;
    check();
    if (batch.state == NpuBatch::State::gathering) flush();
    bool in_time = false;
    try {
        in_time = batch.submission->wait(limit_);
    } catch (const XrtError& error) {
        batch.state = NpuBatch::State::failed;
        try {
            throw_npu_error(error, "failed in " + batch.describe());
        } catch (const NpuTimeout& failure) {
            lost_ = failure.what();
            throw;
        } catch (const DeviceError& failure) {
            lose(failure.what());
        }
    }
    if (!in_time) {
        batch.state = NpuBatch::State::failed;
        // The array uses the batch's memory as long as the run may go on, and aborting it may never return.
        // So do not free it.
        (void)batch.submission.release();
        lost_ = fmt::format(
            "the NPU did not finish {} within {} s; NPUSCRIBE_NPU_TIMEOUT=SECONDS allows more, and 'dmesg' "
            "may say why",
            batch.describe(), static_cast<double>(limit_.count()) / 1000);
        throw NpuTimeout(lost_);
    }
    seconds_ += std::min(batch.since_submission.seconds(), since_completion_.seconds());
    since_completion_.restart();
    batch.state = NpuBatch::State::done;
    batch.submission.reset();
}

}  // namespace npuscribe
