#include "transcribe/window_encoder.h"

#include <utility>

namespace npuscribe {

namespace {

constexpr size_t kAhead = 2;  // one that is encoded, and one that waits for the encoder or the decoder

}  // namespace

WindowEncoder::WindowEncoder(EncodeModel& model, WindowSchedule& schedule, bool ahead)
    : model_(model), schedule_(schedule) {
    if (ahead) ahead_.emplace(model, kAhead);
}

void WindowEncoder::feed() {
    while (ahead_ && ahead_->has_room()) {
        auto window = schedule_.next();
        if (!window) return;
        ahead_->submit(std::move(window->mel));
        encoding_.push_back(std::move(*window));
    }
}

std::optional<ScheduledWindow> WindowEncoder::next() {
    if (!ahead_) {
        auto window = schedule_.next();
        if (!window) return std::nullopt;
        encoded_ = encode_window(model_, window->mel, std::move(encoded_.output));
        window->mel = {};
        return window;
    }
    feed();
    auto encoded = ahead_->take();
    if (!encoded) return std::nullopt;
    encoded_ = std::move(*encoded);
    std::optional<ScheduledWindow> window = std::move(encoding_.front());
    encoding_.pop_front();
    feed();
    return window;
}

bool WindowEncoder::wait(std::chrono::milliseconds most) {
    if (encoding_.empty()) return false;
    ahead_->wait(most);
    return true;
}

}  // namespace npuscribe
