#include "audio/window.h"

#include <algorithm>

namespace npuscribe::audio {

double Window::file_seconds(double window_seconds, bool end_of_something) const {
    if (pieces.empty()) return window_seconds;
    // By the pieces, which outlive the samples.
    const auto length = static_cast<double>(pieces.back().in_window + pieces.back().length);
    const double at = std::clamp(window_seconds * kSampleRate, 0.0, length);
    const Piece* found = &pieces.back();
    for (const Piece& piece : pieces) {
        const auto end = static_cast<double>(piece.in_window + piece.length);
        if (at < end || (end_of_something && at == end)) {
            found = &piece;
            break;
        }
    }
    return (static_cast<double>(found->in_file) + at - static_cast<double>(found->in_window)) / kSampleRate;
}

}  // namespace npuscribe::audio
