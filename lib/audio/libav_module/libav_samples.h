#pragma once
// Converts a decoded libav frame to interleaved floats. Private to lib/audio.

extern "C" {
#include <libavutil/frame.h>
}

#include <vector>

namespace npuscribe::audio {

/// Appends `frame`'s samples to `block`, integers scaled to ±1. Returns false if it does not know their
/// format.
bool append_interleaved(const AVFrame& frame, std::vector<float>& block);

}  // namespace npuscribe::audio
