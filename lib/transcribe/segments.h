#pragma once
// A window's tokens, cut into segments at its timestamps (openai/whisper, whisper/transcribe.py).

#include <cstdint>
#include <optional>
#include <vector>

#include "audio/window.h"
#include "decoder/result.h"
#include "decoder/vocabulary.h"
#include "transcribe/options.h"
#include "transcribe/types.h"

namespace npuscribe {

/// A window cut at pauses ends with less than a second of pause, and Whisper's last timestamp can be half a
/// second early. If more samples than this follow it, there is speech in them.
inline constexpr int64_t kMostPause = audio::kSampleRate * 3 / 2;

struct WindowText {
    std::vector<Segment> segments;  // in order; ids are not given yet
    /// By segment: its words may be made up. Judged by their times in the window, before a segment is split.
    std::vector<bool> anomalous;
    int64_t resume_at = 0;             // sample of the file at which the next sequential window starts
    bool skipped = false;              // skip_silence dropped the whole text
    std::optional<int64_t> rest_from;  // sample of the window after which nothing was transcribed
};

/// Only the pieces of `window` are used, not its samples. Times are those of the file, inside the window's
/// pieces. Segments without text or without length are left out, as are those that start after the window's
/// audio: the decoder heard padding there. A last segment without a timestamp at its end is unfinished. If
/// windows are `sequential` it is left to the next window, as OpenAI does; otherwise it ends with the window,
/// because no later window would include it.
///
/// Whisper sometimes stops before the audio ends. A sequential window is followed by one that starts at the
/// last timestamp. For windows cut at pauses the decoder is asked to continue (DecodeRequest), except in
/// second attempts: then `rest_from` is where the part starts that needs a window of its own.
///
/// No segment runs through a pause that voice activity cut out of the window: segment_times.h.
///
/// If the result has the times of its text and `keep_words`, segments have words, and begin and end with
/// them.
WindowText window_text(const DecodingResult& result, const audio::Window& window,
                       const Vocabulary& vocabulary, bool sequential, const WordOptions& words = {},
                       bool keep_words = true);

/// True if Whisper's timestamps let a segment run through a pause that was cut out, with speech on both
/// sides: window_text then needs the times of the text to split it.
bool spans_pause(const DecodingResult& result, const audio::Window& window, const Vocabulary& vocabulary,
                 bool sequential);

}  // namespace npuscribe
