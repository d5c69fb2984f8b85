#pragma once
// The audio tracks of a container, and the one that is read.

#include <string>

extern "C" {
#include <libavformat/avformat.h>
}

namespace npuscribe::audio {

struct ChosenTrack {
    AVStream* stream = nullptr;
    const AVCodec* codec = nullptr;
    std::string note;  // if nobody chose and there are several: which one it is of how many; else empty
};

/// `wanted`: a number from 1, a language as its code, or nothing for the one that FFmpeg takes for the main
/// one. `name` is the file's, for messages. Throws InputError if there is no such track, or no decoder for
/// it.
ChosenTrack choose_track(AVFormatContext& container, const std::string& wanted, const std::string& name);

}  // namespace npuscribe::audio
