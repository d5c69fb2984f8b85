#pragma once
// Text that Whisper made up where nobody spoke: its words are improbable, or too short or long to be spoken,
// and around it is silence (openai/whisper, whisper/transcribe.py: hallucination_silence_threshold).

#include <optional>
#include <span>
#include <vector>

#include "audio/window.h"
#include "transcribe/segments.h"
#include "transcribe/types.h"

namespace npuscribe {

/// How odd a word is: 1 for an improbable one, and more the further it is from lengths that people speak
/// (word_anomaly_score).
double anomaly_score(const Word& word);

/// True where a segment's first words are odd ones: it may be made up (is_segment_anomaly). A segment without
/// words is not.
bool is_anomalous(std::span<const Word> words);

/// Of a sequential window.
struct SilenceSkip {
    double threshold = 0;       // seconds: a longer pause is silence
    double window_seconds = 0;  // of a whole window; one that is shorter ends with the audio
    double last_speech = 0;     // seconds in the file at which the last word before it ended
};

/// OpenAI's rules for sequential windows. Where the first words may be made up, behind silence, nothing of
/// the window stands (`skipped`), and the next one starts behind that silence. Elsewhere a segment that may
/// be made up and stands in silence goes, with all that follow it, and the next window starts with it: what
/// was said there is heard again, without the silence before it.
void skip_silence(WindowText& text, const audio::Window& window, const SilenceSkip& skip);

/// The same for windows that were cut at pauses, of which none is heard again: a segment is left out that may
/// be made up and has silence before and after it. Several in a row stand or fall together. What was not
/// transcribed counts as silence; the beginning and the end of the audio do not.
class SilenceFilter {
  public:
    explicit SilenceFilter(std::optional<double> threshold) : threshold_(threshold) {}

    /// The next segment, in order, and whether it may be made up. Returns those whose turn it is; one in
    /// doubt is held until it is known what follows.
    std::vector<Segment> add(Segment segment, bool anomalous);
    /// No more come; the audio ends here, in seconds.
    std::vector<Segment> end(double audio_end);

  private:
    bool silent(double from, double to) const { return to - from > *threshold_; }
    std::vector<Segment> release();

    std::optional<double> threshold_;  // nothing: all pass
    double last_speech_ = 0;           // end of the last one that stands
    std::vector<Segment> held_;        // may be made up, behind silence
};

}  // namespace npuscribe
