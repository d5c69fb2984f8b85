#pragma once
// Text that Whisper makes up while nobody speaks: its words are improbable, or too short or too long for
// speech, and silence surrounds it (openai/whisper, whisper/transcribe.py: hallucination_silence_threshold).

#include <optional>
#include <span>
#include <vector>

#include "audio/window.h"
#include "transcribe/segments.h"
#include "transcribe/types.h"

namespace npuscribe {

/// How odd a word is: 1 if it is improbable, and more the further its length is from those of spoken words
/// (word_anomaly_score).
double anomaly_score(const Word& word);

/// True if a segment may be made up, because its first words are odd (is_segment_anomaly). False without
/// words.
bool is_anomalous(std::span<const Word> words);

/// What skip_silence knows of a sequential window.
struct SilenceSkip {
    double threshold = 0;       // seconds: a longer pause is silence
    double window_seconds = 0;  // of a whole window; one that is shorter ends with the audio
    double last_speech = 0;     // where the last word before the window ended, in seconds of the file
};

/// OpenAI's rules for sequential windows. If silence precedes the window's first words and they may be made
/// up, the whole text is dropped (`skipped`), and the next window starts after that silence. Otherwise the
/// first segment that may be made up and has silence around it is dropped with all segments after it, and the
/// next window starts there: it hears that audio again, without the silence before it.
void skip_silence(WindowText& text, const audio::Window& window, const SilenceSkip& skip);

/// The same for windows that were cut at pauses, which are not heard again: a segment that may be made up is
/// left out if there is silence before and after it. Several in a row are kept or left out together. Audio
/// that was not transcribed counts as silence; the beginning and the end of the audio do not.
class SilenceFilter {
  public:
    explicit SilenceFilter(std::optional<double> threshold) : threshold_(threshold) {}

    /// Takes the next segment, and whether it may be made up. Returns the segments that are now decided; a
    /// doubtful one is held until what follows is known.
    std::vector<Segment> add(Segment segment, bool anomalous);
    /// No more segments come, and the audio ends at this second: returns those that were held and are kept.
    std::vector<Segment> end(double audio_end);

  private:
    bool silent(double from, double to) const { return to - from > *threshold_; }
    std::vector<Segment> release();

    std::optional<double> threshold_;  // nothing: all segments pass
    double last_speech_ = 0;           // end of the last segment that was kept
    std::vector<Segment> held_;        // they may be made up, and follow silence
};

}  // namespace npuscribe
