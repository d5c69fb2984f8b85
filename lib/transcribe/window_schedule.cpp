#include "transcribe/window_schedule.h"

#include <utility>
#include <variant>

namespace npuscribe {

namespace {

template <class T>
T take_front(std::deque<T>& queue) {
    T front = std::move(queue.front());
    queue.pop_front();
    return front;
}

}  // namespace

std::optional<ScheduledWindow> WindowSchedule::next() {
    if (!refused_.empty()) return at_full_length(take_front(refused_));
    if (!rests_.empty()) return begin(take_front(rests_));
    const auto may_go = [this](const SourceItem& item) {
        const auto* window = std::get_if<SourceWindow>(&item);
        return window == nullptr || inputs_.job(window->input).may_start(window->index);
    };
    while (auto item = source_.take(may_go)) {
        if (auto* window = std::get_if<SourceWindow>(&*item)) {
            if (window->index < inputs_.job(window->input).first_window()) continue;
            return begin(std::move(*window));
        }
        inputs_.input_ended(std::get<SourceEnd>(*item));
    }
    return std::nullopt;
}

void WindowSchedule::take_ends() {
    const auto is_end = [](const SourceItem& item) { return std::holds_alternative<SourceEnd>(item); };
    while (auto item = source_.take(is_end)) inputs_.input_ended(std::get<SourceEnd>(*item));
}

ScheduledWindow WindowSchedule::begin(SourceWindow window) {
    ScheduledWindow next;
    next.input = window.input;
    next.place = {window.index, window.part};
    next.trace = trace_.begin(window);
    next.mel = std::move(window.mel);
    next.guard = context_.guard(window.window.samples.size());
    next.prompt = inputs_.job(next.input).start_window(std::move(window));
    return next;
}

ScheduledWindow WindowSchedule::at_full_length(ScheduledWindow window) {
    FileJob& job = inputs_.job(window.input);
    SourceWindow again;
    again.window = job.window(window.place);
    compute_mel(again, mel_, 2 * context_.longest());
    job.add_mel(again.mel_seconds);
    trace_.begin_again(window.trace, again);
    window.mel = std::move(again.mel);
    window.guard.reset();
    return window;
}

void WindowSchedule::add_rest(size_t input, SourceWindow rest) {
    rest.input = input;
    compute_mel(rest, mel_, 2 * context_.frames(rest.window.samples.size()));
    rests_.push_back(std::move(rest));
}

}  // namespace npuscribe
