#pragma once
// How an input is cut into windows: at pauses, one after the other, or clip by clip.

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "audio/clip.h"
#include "audio/stream.h"
#include "audio/vad.h"
#include "audio/window.h"
#include "transcribe/options.h"

namespace npuscribe {

/// Cuts one recording into windows.
using CutRecording = std::function<std::unique_ptr<audio::Windows>(audio::Stream&)>;

class WindowCutter {
  public:
    /// No window is longer than `max_samples`. `vad` may be null if options.vad is off. Tests may give a
    /// `stand_in` that cuts recordings, and clips, in place of audio::speech_windows and
    /// audio::sequential_windows. `options` and `vad` must outlive the cutter.
    WindowCutter(const TranscribeOptions& options, const audio::VadModel* vad, size_t max_samples,
                 CutRecording stand_in = nullptr)
        : options_(options), vad_(vad), max_samples_(max_samples), stand_in_(std::move(stand_in)) {}

    /// The windows of an input, or of its clips if there are any. The cutter and `stream` must outlive the
    /// result. Throws UsageError if the options of voice activity detection cannot be used.
    std::unique_ptr<audio::Windows> cut(audio::Stream& stream, const std::vector<audio::Clip>& clips) const;
    /// The same with the clips of the options.
    std::unique_ptr<audio::Windows> cut(audio::Stream& stream) const { return cut(stream, options_.clips); }

  private:
    std::unique_ptr<audio::Windows> cut_recording(audio::Stream& stream) const;

    const TranscribeOptions& options_;
    const audio::VadModel* vad_;
    size_t max_samples_;
    CutRecording stand_in_;
};

}  // namespace npuscribe
