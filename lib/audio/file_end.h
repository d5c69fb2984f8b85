#pragma once
// Whether a file is shorter than its structure says. Private to lib/audio.

#include <cstdint>

#include "audio/input_file.h"

namespace npuscribe::audio {

struct FileEnd {
    int64_t missing = 0;         // bytes of sound that the headers promise beyond the end of the file
    bool more_followed = false;  // and something of unknown length came after them
};

/// Knows WAV, RF64, AVI, Wave64, AIFF, AU, CAF, MP4, Matroska and Ogg. Other files, and those whose length
/// was not known when their header was written, promise nothing.
FileEnd end_of(const InputFile& file);

}  // namespace npuscribe::audio
