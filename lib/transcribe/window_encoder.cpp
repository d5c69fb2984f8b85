#include "transcribe/window_encoder.h"

#include <utility>

#include "base/error.h"
#include "base/reason.h"

namespace npuscribe {

namespace {

/// Runs `encode`, and returns why it failed, or nothing.
template <class Encode>
std::string failure_of(const Encode& encode) {
    try {
        encode();
        return {};
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        return reason_of(error);
    }
}

constexpr size_t kAhead = 2;       // one that is encoded, and one that waits for the encoder or the decoder
constexpr size_t kPairsAhead = 4;  // a pair, and two that wait

}  // namespace

WindowEncoder::WindowEncoder(EncodeModel& model, WindowSchedule& schedule, bool ahead)
    : model_(model), schedule_(schedule) {
    if (ahead) ahead_.emplace(model, model.gains_from_pairs() ? kPairsAhead : kAhead);
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
        window->failure = failure_of(
            [&] { encoded_ = encode_window(model_, window->mel, std::exchange(encoded_.output, {})); });
        window->mel = {};
        return window;
    }
    feed();
    std::optional<EncodedWindow> encoded;
    const std::string failure = failure_of([&] { encoded = ahead_->take(); });
    if (!encoded && failure.empty()) return std::nullopt;
    if (encoded) encoded_ = std::move(*encoded);
    std::optional<ScheduledWindow> window = std::move(encoding_.front());
    window->failure = failure;
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
