#include "audio/window.h"

#include <algorithm>

namespace npuscribe::audio {

double Window::file_seconds(double window_seconds, bool end_of_something) const {
    if (pieces.empty()) return window_seconds;
    // From the pieces, because the samples may have been dropped already.
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

Window Window::from(int64_t sample) const {
    Window rest;
    rest.samples.assign(samples.begin() + sample, samples.end());
    for (const Piece& piece : pieces) {
        const int64_t skipped = std::clamp<int64_t>(sample - piece.in_window, 0, piece.length);
        if (skipped == piece.length) continue;
        rest.pieces.push_back(
            {piece.in_window + skipped - sample, piece.in_file + skipped, piece.length - skipped});
    }
    return rest;
}

}  // namespace npuscribe::audio
