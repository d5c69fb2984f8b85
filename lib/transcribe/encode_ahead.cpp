#include "transcribe/encode_ahead.h"

#include <cassert>
#include <utility>

namespace npuscribe {

EncodeAhead::EncodeAhead(EncodeModel& model, size_t depth)
    : model_(model), depth_(depth), thread_([this] { work(); }) {}

EncodeAhead::~EncodeAhead() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

bool EncodeAhead::has_room() const {
    const std::lock_guard lock(mutex_);
    return slots_.size() < depth_;
}

bool EncodeAhead::empty() const {
    const std::lock_guard lock(mutex_);
    return slots_.empty();
}

void EncodeAhead::submit(Buffer<float> mel) {
    {
        const std::lock_guard lock(mutex_);
        assert(slots_.size() < depth_);
        slots_.emplace_back().mel = std::move(mel);
    }
    changed_.notify_all();
}

std::optional<EncodedWindow> EncodeAhead::take() {
    const std::lock_guard lock(mutex_);
    if (ready_ == 0) return std::nullopt;
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    --ready_;
    if (slot.error) std::rethrow_exception(slot.error);
    return std::move(slot.window);
}

void EncodeAhead::wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [this] { return ready_ > 0; });
}

void EncodeAhead::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || ready_ < slots_.size(); });
        if (stop_) return;
        // Only ready windows leave, and only this thread makes them ready, so this slot stays in its place.
        Slot& slot = slots_[ready_];
        const Buffer<float> mel = std::move(slot.mel);
        lock.unlock();
        std::optional<EncodedWindow> window;
        std::exception_ptr error;
        try {
            window = encode_window(model_, mel);
        } catch (...) {
            error = std::current_exception();
        }
        lock.lock();
        Slot& done = slots_[ready_];
        done.window = std::move(window);
        done.error = error;
        ++ready_;
        changed_.notify_all();
    }
}

}  // namespace npuscribe
