#pragma once
// A pipe, decoded as it comes. Private to lib/audio.

#include <memory>
#include <string>

#include "audio/file_decoder.h"

namespace npuscribe::audio {

/// A decoder that reads `file` from front to back without knowing its end: WAV, AIFF, AU and FLAC; with
/// FFmpeg's libraries Ogg (Opus, Vorbis), WebM, Matroska, MP3 and AAC. Null for other formats, such as MP4,
/// which needs what is at its end, and if there is no such audio `track` (open_with_libav). An MP3 keeps the
/// padding at its end, less than a tenth of a second, because its length is not known. `file` must outlive
/// the result.
std::unique_ptr<FileDecoder> open_forward(const InputFile& file, const std::string& track);

}  // namespace npuscribe::audio
