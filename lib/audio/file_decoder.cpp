#include "audio/file_decoder.h"

#include <fmt/format.h>

namespace npuscribe::audio {

std::string seconds_text(double seconds) {
    return fmt::format("{:.2f} s", seconds);
}

}  // namespace npuscribe::audio
