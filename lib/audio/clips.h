#pragma once
// Clips: the parts of a recording that are transcribed.

#include <functional>
#include <memory>
#include <vector>

#include "audio/clip.h"

namespace npuscribe::audio {

class Stream;   // audio/stream.h
class Windows;  // audio/window.h

/// Throws UsageError if a clip has no length, or begins before the previous one has ended.
void check_clips(const std::vector<Clip>& clips);

/// How many seconds of the clips lie before second `file_seconds` of the file. Without clips, all of them.
double seconds_of_clips(const std::vector<Clip>& clips, double file_seconds);

/// The inverse: the second of the file at which the first `clip_seconds` of the clips end.
double file_seconds_of_clips(const std::vector<Clip>& clips, double clip_seconds);

/// Windows of the clips alone, in the file's times. `cut` cuts each clip as a recording of its own, so that
/// no window reaches beyond the end of a clip. The audio between clips is skipped, without decoding it if the
/// format allows that. `clips` must pass check_clips and not be empty. samples_read and speech_samples count
/// only samples inside clips. `stream` must outlive the result.
///
/// `next` throws InputError if the file ends before the first clip begins. Later clips beyond the end of the
/// file are left out.
std::unique_ptr<Windows> clip_windows(Stream& stream, std::vector<Clip> clips,
                                      std::function<std::unique_ptr<Windows>(Stream&)> cut);

}  // namespace npuscribe::audio
