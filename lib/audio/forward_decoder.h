#pragma once
// A pipe, decoded as it comes. Private to lib/audio.

#include <memory>
#include <string>

#include "audio/file_decoder.h"

namespace npuscribe::audio {

/// A decoder that reads `file` from front to back without knowing its end: WAV, AIFF, AU and FLAC. Null for
/// other formats: MP4 needs what is at its end, and FFmpeg's libraries give other samples of an MP3 that
/// cannot seek. Null, too, if another audio `track` (open_with_libav) than the only one of these formats is
/// wanted. `file` must outlive the result.
std::unique_ptr<FileDecoder> open_forward(const InputFile& file, const std::string& track);

}  // namespace npuscribe::audio
