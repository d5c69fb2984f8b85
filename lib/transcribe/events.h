#pragma once
// What a transcription reports while it runs.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "transcribe/finished_part.h"
#include "transcribe/types.h"

namespace npuscribe {

/// Callbacks of one call of `transcribe`, called on the thread that made it. Any of them may be empty.
/// `input` counts the inputs of the call from 0.
struct TranscribeEvents {
    /// A segment is finished. Segments of an input come in the order of their times. With Channels::split
    /// they come when all of the input is finished.
    std::function<void(size_t input, const Segment&)> on_segment;
    /// Somebody reads segments as they come. The first window is then decoded alone, so that its text comes
    /// soon; that costs as many steps of the decoder as its text has tokens.
    bool shown_as_they_come = true;
    /// A window was encoded or decoded. Gives the seconds of the input that are done, where what is encoded
    /// and not decoded yet counts half, and the input's length in seconds (0 if it is not known). If clips
    /// were given, both count the clips alone.
    std::function<void(size_t input, double done, double length)> on_progress;
    /// A window came back from the decoder. Its times count from the call of `transcribe`.
    std::function<void(const WindowTrace&)> on_window;
    /// Windows of an input are finished, and more may follow. All of the part is new but `windows`, `seconds`
    /// and the languages, which are those of the whole part so far. Called only if windows do not depend on
    /// those before them, and not with Channels::split.
    std::function<void(size_t input, const FinishedPart&)> on_part;
    /// Asked once for each input, under the same conditions: what an earlier run, of the same audio with the
    /// same model and options, has finished. Its windows are cut again, but not transcribed; its segments
    /// come first.
    std::function<std::optional<FinishedPart>(size_t input)> resume_from;
    /// An input is finished. Called once for each input that did not fail, in the order of the inputs: an
    /// input that is finished early waits for those before it.
    std::function<void(size_t input, const Transcript&, const Timing&)> on_done;
    /// An input failed, and why. Called in place of on_done. If a file breaks off, what came before that is
    /// transcribed, and the transcript says so (Transcript::broken_off).
    std::function<void(size_t input, const std::string& message)> on_error;
};

}  // namespace npuscribe
