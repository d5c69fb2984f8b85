#pragma once
// A file as a stream: FileDecoder → one channel → 16 kHz. Private to lib/audio.

#include <memory>
#include <vector>

#include "audio/file_decoder.h"
#include "audio/input_file.h"
#include "audio/ogg_pages.h"
#include "audio/stream.h"

namespace npuscribe::audio {

/// Throws InputError as `open` does, but takes the file for what its beginning is: of a chained Ogg file it
/// reads the first part.
std::unique_ptr<Stream> open_decoded(std::shared_ptr<const InputFile> file, const OpenOptions& options);

/// The same with a decoder of the file, from its beginning.
std::unique_ptr<Stream> open_decoded(std::shared_ptr<const InputFile> file,
                                     std::unique_ptr<FileDecoder> decoder, const OpenOptions& options);

/// The first for all parts of a chained Ogg file, `links` (read_ogg_pages), one after the other.
std::unique_ptr<Stream> open_chained(std::shared_ptr<const InputFile> file, std::vector<OggLink> links,
                                     const OpenOptions& options);

}  // namespace npuscribe::audio
