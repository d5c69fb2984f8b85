#include "audio/file_decoder.h"

#include <cstdio>

namespace npuscribe::audio {

std::string seconds_text(double seconds) {
    char text[40];
    std::snprintf(text, sizeof text, "%.2f s", seconds);
    return text;
}

}  // namespace npuscribe::audio
