#include "audio/window.h"

#include <algorithm>

namespace npuscribe::audio {

namespace {

double in_seconds(int64_t samples) {
    return static_cast<double>(samples) / kSampleRate;
}

/// A stretch of the window, in seconds.
struct Stretch {
    double begin = 0;
    double end = 0;
};

/// The piece without the padding beside cut-out pauses.
Stretch speech_of(const Window& window, size_t index) {
    const Piece& piece = window.pieces[index];
    const int64_t end = piece.in_window + piece.length;
    const int64_t before = index > 0 ? window.padding : 0;
    const int64_t after = index + 1 < window.pieces.size() ? window.padding : 0;
    const int64_t begin = std::min(piece.in_window + before, end);
    return {in_seconds(begin), in_seconds(std::max(begin, end - after))};
}

double overlap(Stretch a, Stretch b) {
    return std::min(a.end, b.end) - std::max(a.begin, b.begin);  // negative: the distance between them
}

}  // namespace

size_t Window::piece_of(double start, double end) const {
    size_t best = 0;
    for (size_t i = 1; i < pieces.size(); ++i) {
        if (overlap(speech_of(*this, i), {start, end}) > overlap(speech_of(*this, best), {start, end}))
            best = i;
    }
    return best;
}

bool Window::spans_pause(double start, double end) const {
    size_t covered = 0;
    for (size_t i = 0; i < pieces.size(); ++i) covered += overlap(speech_of(*this, i), {start, end}) > 0;
    return covered > 1;
}

double Window::file_seconds(size_t piece, double time) const {
    const Piece& in = pieces.at(piece);
    const double inside = std::clamp(time - in_seconds(in.in_window), 0.0, in_seconds(in.length));
    return in_seconds(in.in_file) + inside;
}

double Window::speech_end(size_t piece) const {
    return file_seconds(piece, speech_of(*this, piece).end);
}

Window Window::part(Range range) const {
    Window part;
    part.padding = padding;
    part.samples.assign(samples.begin() + range.begin, samples.begin() + range.end);
    // What [begin, end) of the window shares with the part, in the part's samples; empty if nothing.
    const auto shared = [&](int64_t begin, int64_t end) {
        return Range{std::max(begin, range.begin) - range.begin, std::min(end, range.end) - range.begin};
    };
    for (const Piece& piece : pieces) {
        const Range kept = shared(piece.in_window, piece.in_window + piece.length);
        if (kept.begin >= kept.end) continue;
        const int64_t skipped = kept.begin + range.begin - piece.in_window;
        part.pieces.push_back({kept.begin, piece.in_file + skipped, kept.end - kept.begin});
    }
    for (const Range& stretch : speech) {
        const Range kept = shared(stretch.begin, stretch.end);
        if (kept.begin < kept.end) part.speech.push_back(kept);
    }
    return part;
}

}  // namespace npuscribe::audio
