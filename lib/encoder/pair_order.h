#pragma once
// How two windows take turns in the encoder, so that the device works for one of them while the CPU works for
// the other. The projection (bench/pair_projection.h) follows the same order.
//
// A window's steps are the stem; then for each layer the norm before Q, K and V, attention in pieces, and the
// norm before the MLP; then the final norm. Each begins when what the window has on the device is done, and
// all but the pieces of attention within a layer end with work for the device. Attention takes most of the
// CPU's time. It is in three pieces, because while it goes on, the other window needs the CPU twice for a
// moment: the device does its output projection beside the first piece, its MLP beside the second, and its
// next Q, K and V beside the third.

#include <cstddef>

namespace npuscribe {

inline constexpr size_t kAttentionPieces = 3;

/// Steps of a layer whose attention is in `pieces`.
inline constexpr size_t layer_steps(size_t pieces) {
    return 2 + pieces;
}
/// Steps of a window in an encoder of `layers`.
inline constexpr size_t window_steps(size_t layers, size_t pieces) {
    return 1 + layers * layer_steps(pieces) + 1;
}

/// How far a window is: steps done, of all.
struct StepsDone {
    size_t done = 0, all = 0;
    constexpr bool finished() const { return done >= all; }
};

/// Whether the first window takes the next step, or else the second. The first stays half a layer ahead. The
/// second's stem comes earlier, beside the first product of the first. One of the two must be unfinished.
inline constexpr bool first_goes(const StepsDone& first, const StepsDone& second) {
    constexpr size_t kAhead = layer_steps(kAttentionPieces) / 2;
    if (first.finished() || second.finished()) return second.finished();
    return first.done < second.done + kAhead + (second.done == 0 ? 0 : 1);
}

}  // namespace npuscribe
