#pragma once
// Start and end of each stage of each window, in seconds since the run began.

#include <functional>

#include "audio/window.h"
#include "base/stopwatch.h"
#include "transcribe/types.h"
#include "transcribe/window_source.h"

namespace npuscribe {

class RunTrace {
  public:
    /// The run begins now. `on_window` may be empty.
    explicit RunTrace(std::function<void(const WindowTrace&)> on_window) : on_window_(std::move(on_window)) {}

    /// Seconds since the run began.
    double now() const { return seconds_at(Span::Clock::now()); }

    /// A window came from the source, or is what an earlier part of one left over.
    WindowTrace begin(const SourceWindow& window) const;
    /// Its mel spectrogram was computed once more, at full length.
    void begin_again(WindowTrace& trace, const SourceWindow& window) const;
    /// It was encoded, and the decoder begins.
    void encoded(WindowTrace& trace, const Span& span) const;
    /// The decoder returned it: reports its trace.
    void decoded(WindowTrace trace, const audio::Window& window, bool refused) const;

  private:
    double seconds_at(Span::Clock::time_point time) const;
    Interval interval(const Span& span) const { return {seconds_at(span.begin), seconds_at(span.end)}; }

    std::function<void(const WindowTrace&)> on_window_;
    Span::Clock::time_point start_ = Span::Clock::now();
};

}  // namespace npuscribe
