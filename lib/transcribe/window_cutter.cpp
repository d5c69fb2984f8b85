#include "transcribe/window_cutter.h"

#include <cassert>

#include "audio/clips.h"

namespace npuscribe {

std::unique_ptr<audio::Windows> WindowCutter::cut(audio::Stream& stream,
                                                  const std::vector<audio::Clip>& clips) const {
    if (clips.empty()) return cut_recording(stream);
    return audio::clip_windows(stream, clips, [this](audio::Stream& clip) { return cut_recording(clip); });
}

std::unique_ptr<audio::Windows> WindowCutter::cut_recording(audio::Stream& stream) const {
    if (stand_in_) return stand_in_(stream);
    if (!options_.vad) return audio::sequential_windows(stream, max_samples_);
    assert(vad_ != nullptr);
    return audio::speech_windows(stream, *vad_, options_.vad_options, max_samples_);
}

}  // namespace npuscribe
