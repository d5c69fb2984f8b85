#pragma once
// A pipe, decoded as it comes. Private to lib/audio.

#include <memory>

#include "audio/file_decoder.h"

namespace npuscribe::audio {

/// A decoder that reads `file` from front to back without knowing its end. Null if its format has what a
/// decoder needs at its end (MP4), or is not known. `file` must outlive the result.
std::unique_ptr<FileDecoder> open_forward(const InputFile& file);

}  // namespace npuscribe::audio
