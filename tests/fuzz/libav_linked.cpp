// FFmpeg's libraries linked into a fuzz target: the module that the program loads would be a program of its
// own to libFuzzer, which could not see what it covers.

#include "audio/libav_module/libav_module.h"

extern "C" {
npuscribe::audio::FileDecoder* npuscribe_libav_open(const npuscribe::audio::InputFile& file,
                                                    const std::string& track);
const char* npuscribe_libav_version();
}

namespace npuscribe::audio {

std::unique_ptr<FileDecoder> open_with_libav(const InputFile& file, const std::string& track) {
    return std::unique_ptr<FileDecoder>(npuscribe_libav_open(file, track));
}

std::string libav_version() {
    return npuscribe_libav_version();
}

void download_with_libav(const std::string&, DownloadSink&) {}  // no target reaches for the network

}  // namespace npuscribe::audio
