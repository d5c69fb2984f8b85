#pragma once
// The functions of the module that reads files with FFmpeg's libraries.

#include <string>

#include "audio/file_decoder.h"

namespace npuscribe::audio {

inline constexpr const char* kLibavModule = "libnpuscribe_libav.so";
inline constexpr const char* kLibavOpen = "npuscribe_libav_open";
inline constexpr const char* kLibavVersion = "npuscribe_libav_version";

/// Like open_with_libav. The caller owns the result.
using LibavOpen = FileDecoder* (*)(const InputFile& file, const std::string& track);
/// "libavformat 59.27.100".
using LibavVersion = const char* (*)();

}  // namespace npuscribe::audio
