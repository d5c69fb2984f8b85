#pragma once
// A pipe, decoded as it comes. Private to lib/audio.

#include <memory>
#include <string>

#include "audio/file_decoder.h"

namespace npuscribe::audio {

/// A decoder that reads `file` from front to back without knowing its end: WAV, AIFF, AU, FLAC, Matroska and
/// WebM. Null for other formats: MP4 needs what is at its end, an Ogg file may go on with another one, and
/// FFmpeg's libraries give other samples of an MP3 that cannot seek. Null, too, if it has no such audio
/// `track` (open_with_libav). `file` must outlive the result.
std::unique_ptr<FileDecoder> open_forward(const InputFile& file, const std::string& track);

}  // namespace npuscribe::audio
