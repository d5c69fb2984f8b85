#pragma once
// Which library reads a file. Private to lib/audio.

#include <memory>
#include <string>

#include "audio/file_decoder.h"

namespace npuscribe::audio {

/// The first samples of the file are decoded already, so that a file that a library opens but cannot decode
/// goes to the other one. Where libsndfile finds damage inside a file, FFmpeg's libraries go on after it.
///
/// libsndfile reads samples that are not compressed, and FLAC: it seeks exactly, and knows more kinds of WAV.
/// FFmpeg's libraries read the rest: libsndfile takes an Ogg file without its last flag for damaged, and
/// writes warnings about MP3 on standard error.
///
/// `track` as in open_with_libav. Throws InputError if no library can read the file. `file` must outlive the
/// result.
std::unique_ptr<FileDecoder> open_decoder(const InputFile& file, const std::string& track);

}  // namespace npuscribe::audio
