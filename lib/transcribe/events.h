#pragma once
// What a transcription reports while it runs.

#include <cstddef>
#include <functional>
#include <string>

#include "transcribe/types.h"

namespace npuscribe {

/// Callbacks of one call of `transcribe`, called on the thread that made it. Any of them may be empty.
/// `input` counts the inputs of the call from 0.
struct TranscribeEvents {
    /// A segment is finished. Segments of an input come in the order of their times. With Channels::split
    /// they come when all of the input is finished.
    std::function<void(size_t input, const Segment&)> on_segment;
    /// Seconds of the input that are done, and its length in seconds (0 if it is not known). If clips were
    /// given, both count the clips alone.
    std::function<void(size_t input, double done, double length)> on_progress;
    /// A window came back from the decoder. Its times count from the call of `transcribe`.
    std::function<void(const WindowTrace&)> on_window;
    /// An input is finished. Called once for each input that did not fail, in the order of the inputs: an
    /// input that is finished early waits for those before it.
    std::function<void(size_t input, const Transcript&, const Timing&)> on_done;
    /// Nothing of an input could be read: the InputError's message. Called in place of on_done. If only a
    /// part of it could not be read, the transcript says so (Transcript::broken_off).
    std::function<void(size_t input, const std::string& message)> on_error;
};

}  // namespace npuscribe
