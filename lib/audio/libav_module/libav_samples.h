#pragma once
// A decoded libav frame as interleaved floats. Inside lib/audio only.

extern "C" {
#include <libavutil/frame.h>
}

#include <vector>

namespace npuscribe::audio {

/// Appends `frame`'s samples to `block`, integers scaled to ±1; false where the sample format is unknown.
bool append_interleaved(const AVFrame& frame, std::vector<float>& block);

}  // namespace npuscribe::audio
