#pragma once
// The parts of a recording that are to be transcribed.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace npuscribe::audio {

class Stream;   // audio/stream.h
class Windows;  // audio/window.h

/// Seconds of the file.
struct Clip {
    double start = 0;
    std::optional<double> end;  // nothing: to the end of the file
    bool operator==(const Clip&) const = default;
};

/// Throws UsageError where a clip begins before the one before it has ended, or has no length.
void check_clips(const std::vector<Clip>& clips);

/// Seconds of the clips that lie before this second of the file; `file_seconds` where there are no clips.
double seconds_of_clips(const std::vector<Clip>& clips, double file_seconds);

/// The other way round: where in the file the first so many seconds of the clips end.
double file_seconds_of_clips(const std::vector<Clip>& clips, double clip_seconds);

/// Windows of the clips alone, in the file's times: each clip is cut by itself with `cut`, as a recording of
/// its own, so that no window reaches over a clip's end. What lies between clips is skipped, where the
/// format lets, without decoding it. `clips` are as check_clips wants them, and not empty. samples_read and
/// speech_samples count what is inside clips. `stream` must outlive the result.
///
/// `next` throws InputError where the file ends before the first clip begins. Later clips beyond its end are
/// left out.
std::unique_ptr<Windows> clip_windows(Stream& stream, std::vector<Clip> clips,
                                      std::function<std::unique_ptr<Windows>(Stream&)> cut);

}  // namespace npuscribe::audio
