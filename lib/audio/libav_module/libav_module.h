#pragma once
// The functions of the module that reads files with FFmpeg's libraries.

#include <string>

#include "audio/file_decoder.h"
#include "audio/url_input.h"

namespace npuscribe::audio {

inline constexpr const char* kLibavModule = "libnpuscribe_libav.so";
inline constexpr const char* kLibavOpen = "npuscribe_libav_open";
inline constexpr const char* kLibavVersion = "npuscribe_libav_version";
inline constexpr const char* kLibavDownload = "npuscribe_libav_download";

/// Like open_with_libav. The caller owns the result.
using LibavOpen = FileDecoder* (*)(const InputFile& file, const std::string& track);
/// Like download_with_libav.
using LibavDownload = void (*)(const std::string& url, DownloadSink& sink);
/// "libavformat 59.27.100".
using LibavVersion = const char* (*)();

}  // namespace npuscribe::audio
