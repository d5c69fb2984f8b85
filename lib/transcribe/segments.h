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

/// A window cut at pauses ends in less than a second of pause, and Whisper's last timestamp is now and then
/// half a second early: if more samples than this were not written down, somebody speaks in them.
inline constexpr int64_t kMostPause = audio::kSampleRate * 3 / 2;

struct WindowText {
    std::vector<Segment> segments;  // in order; ids are not given yet
    /// By segment: its words may be made up. Told from their times in the window: in the file, a word beside
    /// a pause that was cut out seems to be as long.
    std::vector<bool> anomalous;
    int64_t resume_at = 0;             // sample of the file at which the next sequential window starts
    bool skipped = false;              // nothing of the window stands: skip_silence found that it should not
    std::optional<int64_t> rest_from;  // sample of the window from which nothing was written down
};

/// `window` needs its pieces only, no samples. Times are those of the file, inside the window's pieces.
/// Segments without text or without length are left out, as are those that start where the window's audio has
/// ended: what the decoder heard there is padding. An unfinished last segment (text behind a pair of
/// timestamps, none after it) is left to the next window where windows are `sequential`, as OpenAI does;
/// elsewhere no window would take it up, so it stays, to the end of the window.
///
/// Whisper now and then stops before its audio does. Where windows are sequential the next one starts at the
/// last timestamp. Where they were cut at pauses the decoder is told to go on (DecodeRequest), and does, but
/// for second attempts: `rest_from` tells where the part starts that wants a window of its own.
///
/// Where the result has the times of its text, segments have words, and begin and end with them.
WindowText window_text(const DecodingResult& result, const audio::Window& window,
                       const Vocabulary& vocabulary, bool sequential, const WordOptions& words = {});

}  // namespace npuscribe
