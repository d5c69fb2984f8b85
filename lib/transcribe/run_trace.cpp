#include "transcribe/run_trace.h"

#include <chrono>

namespace npuscribe {

double RunTrace::seconds_at(Span::Clock::time_point time) const {
    return std::chrono::duration<double>(time - start_).count();
}

WindowTrace RunTrace::begin(const SourceWindow& window) const {
    WindowTrace trace;
    trace.input = window.input;
    trace.index = window.index;
    trace.part = window.part;
    if (window.part == 0) trace.read = interval(window.read_span);
    trace.mel = interval(window.mel_span);
    return trace;
}

void RunTrace::begin_again(WindowTrace& trace, const SourceWindow& window) const {
    trace.read = {};
    trace.mel = interval(window.mel_span);
}

void RunTrace::encoded(WindowTrace& trace, const Span& span) const {
    trace.encoder = interval(span);
    trace.decoder.begin = now();
}

void RunTrace::decoded(WindowTrace trace, const audio::Window& window, bool refused) const {
    if (!on_window_ || window.pieces.empty()) return;
    const auto seconds = [](int64_t samples) { return static_cast<double>(samples) / audio::kSampleRate; };
    trace.audio_begin = seconds(window.pieces.front().in_file);
    trace.audio_end = seconds(window.pieces.back().in_file + window.pieces.back().length);
    trace.decoder.end = now();
    trace.refused = refused;
    on_window_(trace);
}

}  // namespace npuscribe
