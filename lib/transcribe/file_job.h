#pragma once
// One input on its way through the pipeline. Its windows come back in any order; its segments leave in order.

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audio/window.h"
#include "base/stopwatch.h"
#include "decoder/engine.h"
#include "decoder/language.h"
#include "transcribe/encoded_window.h"
#include "transcribe/finished_part.h"
#include "transcribe/hallucination.h"
#include "transcribe/options.h"
#include "transcribe/segments.h"
#include "transcribe/types.h"
#include "transcribe/window_source.h"

namespace npuscribe {

class FileJob {
  public:
    /// What all inputs of a run share.
    struct Settings {
        const Vocabulary& vocabulary;
        const TranscribeOptions& options;
        size_t n_text_ctx = 0;
        double window_seconds = 0;  // of the longest window

        /// Each window begins where the text of the one before ended.
        bool sequential() const { return !options.vad; }
        /// A window waits for the one before.
        bool one_at_a_time() const { return sequential() || options.condition_on_previous_text; }
        /// A window's text depends on its audio, and perhaps on the language of the one before, alone.
        bool independent() const {
            return !one_at_a_time() && !options.words.hallucination_silence_threshold;
        }
    };

    /// `clips`: what is transcribed of the input; none: all of it. Both must outlive the job.
    FileJob(const Settings& settings, const std::vector<audio::Clip>& clips);

    /// Goes on behind what an earlier run has finished. Call it first, and only if windows are independent.
    void resume(FinishedPart part);
    /// The windows before this one are finished already.
    size_t first_window() const { return first_window_; }
    /// What was finished since the last call, if it was anything and the input is not done.
    std::optional<FinishedPart> take_part();

    /// A window's place in its input.
    struct Place {
        size_t window = 0;
        size_t part = 0;  // above 0: what the window's earlier parts left over, or left out
        // clang-tidy 14 takes the 0 that a default comparison compares with for a pointer.
        auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr)
    };

    /// True if this window may be decoded now: the first one always, any other once the language is known.
    bool may_start(size_t index) const { return index == 0 || !transcript_.language.empty(); }
    /// A window's language, if it is to be detected: that of the window before, unless the model is sure of
    /// another. Windows of a file must ask in order; one that asks again has no say in those after it.
    DetectedLanguage choose_language(Place place, std::span<const double> probabilities);
    /// A window's language was detected, and its text is trusted.
    void set_language(const std::string& code, double probability);

    /// A window goes to encoder and decoder. Returns what it is given beside its audio.
    PromptParts start_window(SourceWindow window);

    struct Outcome {
        int64_t resume_at = 0;            // sample of the file at which the next sequential window starts
        std::vector<SourceWindow> rests;  // what was left over, to be decoded next; without their mels
        bool window_done = true;          // no part of the window is still to come
    };
    /// Its mel spectrogram was computed again; `seconds` is the time it took.
    void add_mel(double seconds) { timing_.mel += seconds; }
    /// It was encoded.
    void add_encoding(Place place, const EncodedWindow& window);
    /// The decoder refused it: it goes through encoder and decoder once more.
    void refuse_window(const DecodeCost& cost);
    /// A window that has started and not finished.
    const audio::Window& window(Place place) const { return open_.at(place); }
    /// The decoder's result was accepted.
    Outcome finish_window(Place place, const DecodingResult& result, const DecodeCost& cost);
    /// It could not be encoded, so the input fails at its end. Returns the sample of the file at which the
    /// window ends.
    int64_t fail_window(Place place, const std::string& why);
    /// No more windows come. There may be segments to take after this call, as after `finish_window`.
    void end(const SourceEnd& end);

    /// The segments that can be emitted now, in order, each returned once. Valid until the next call of any
    /// other member.
    std::span<const Segment> take_segments();
    /// Seconds of the input processed so far, and its length if it is known (else 0). What is encoded and not
    /// decoded yet counts half.
    double seconds_done() const { return (seconds_encoded_ + seconds_done_) / 2; }
    double input_seconds() const { return input_seconds_; }

    bool done() const { return ended_ && open_.empty() && rests_ == 0; }
    /// Why there is no transcript, once done.
    const std::optional<std::string>& error() const { return error_; }
    const Transcript& transcript() const { return transcript_; }
    const Timing& timing() const { return timing_; }

  private:
    struct Finished {
        std::vector<WindowText> texts;  // in order
        double window_end = 0;          // seconds in the file
        size_t rest = 0;                // the part that follows; 0: none
        double spoken = 0;              // seconds of the window's language, if that was detected
        std::string language;
    };
    /// A part whose words left speech out.
    struct WithHoles {
        Finished whole;                              // as it was decoded
        std::vector<WindowText> around;              // before, between and after the holes
        std::vector<std::vector<WindowText>> found;  // in each hole; none if it was not filled
        size_t open = 0;                             // holes that are not finished
    };
    struct HolePlace {
        Place parent;
        size_t index = 0;  // among its holes
    };

    std::string language_of(Place place) const;
    std::vector<Token> previous_text(Place place) const;
    void add(const DecodeCost& cost);
    void remember(const WindowText& text, const DecodingResult& result);
    void take_over();
    void tell_language();
    WindowText text_of(const DecodingResult& result, const audio::Window& window) const;
    void take(Place place, const DecodingResult& result, const audio::Window& window, Outcome& outcome);
    bool fills_hole(Place place, const DecodingResult& result) const;
    Place add_part(Place place, audio::Window window, const std::string& language, Outcome& outcome);
    void complete(Place place, Finished finished);
    void append(std::vector<Segment> segments);

    const Settings& settings_;
    const std::vector<audio::Clip>& clips_;
    const std::vector<Token> initial_prompt_;
    const std::vector<Token> hotwords_;
    const std::vector<Token> prefix_;
    std::vector<Token> history_;             // what the next window is prompted with
    bool begun_ = false;                     // a sequential window has kept its text
    double last_speech_ = 0;                 // where the last word of sequential windows ended
    SilenceFilter filter_;                   // of windows that are not sequential
    std::map<Place, audio::Window> open_;    // with the decoder
    std::map<Place, Finished> finished_;     // waiting for those before them
    std::map<Place, WithHoles> with_holes_;  // waiting for what is found in their holes
    std::map<Place, HolePlace> holes_;       // not finished yet
    std::map<size_t, size_t> last_parts_;    // of windows that have several parts, so far
    Place next_;                             // the first window that is not in the transcript yet
    size_t rests_ = 0;                       // handed out, and not started yet
    size_t segments_taken_ = 0;
    size_t first_window_ = 0;
    size_t windows_told_ = 0;     // in parts
    size_t segments_told_ = 0;    // in parts
    double seconds_encoded_ = 0;  // up to the end of the last window that was encoded
    double seconds_done_ = 0;     // up to the end of the last window whose text is in the transcript
    double input_seconds_ = 0;
    bool ended_ = false;
    std::optional<std::string> error_;
    std::map<Place, std::string> part_languages_;  // of parts that are not finished
    std::map<size_t, std::string> chosen_;         // the language of each window, as it was chosen first
    struct Spoken {
        double seconds = 0;
        double probability = 0;  // when it was detected first
    };
    std::map<std::string, Spoken> languages_;
    Transcript transcript_;
    Timing timing_;
    Stopwatch watch_;
};

}  // namespace npuscribe
