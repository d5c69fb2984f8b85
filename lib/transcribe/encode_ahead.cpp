#include "transcribe/encode_ahead.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace npuscribe {

EncodeAhead::EncodeAhead(EncodeModel& model, size_t depth)
    : model_(model), depth_(depth), pairs_(model.gains_from_pairs()), thread_([this] { work(); }) {}

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
    if (slot.result.error) std::rethrow_exception(slot.result.error);
    return std::move(slot.result.window);
}

void EncodeAhead::wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [this] { return ready_ > 0; });
}

size_t EncodeAhead::next_count() const {
    const size_t waiting = slots_.size() - ready_;
    return waiting > 1 && begun_ && pairs_ ? 2 : std::min<size_t>(waiting, 1);
}

std::array<EncodedOrError, 2> EncodeAhead::encode(std::span<const Buffer<float>> mels) {
    std::array<EncodedOrError, 2> results;
    try {
        if (mels.size() == 2) return encode_windows(model_, mels[0], mels[1]);
        results[0].window = encode_window(model_, mels[0]);
    } catch (...) {
        results[0].error = results[1].error = std::current_exception();
    }
    return results;
}

void EncodeAhead::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || next_count() > 0; });
        if (stop_) return;
        const size_t count = next_count();
        begun_ = true;
        std::array<Buffer<float>, 2> mels;
        for (size_t i = 0; i < count; ++i) mels[i] = std::move(slots_[ready_ + i].mel);
        lock.unlock();
        auto results = encode({mels.data(), count});
        lock.lock();
        // Ready windows may have left, and only this thread makes windows ready: these are the next ones.
        for (size_t i = 0; i < count; ++i) slots_[ready_++].result = std::move(results[i]);
        changed_.notify_all();
    }
}

}  // namespace npuscribe
