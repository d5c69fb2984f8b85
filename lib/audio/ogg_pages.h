#pragma once
// The pages of an Ogg file (RFC 3533). Private to lib/audio.

#include <cstdint>
#include <vector>

#include "audio/input_file.h"

namespace npuscribe::audio {

/// Bytes [begin, end) of a file. They are a whole Ogg file by themselves.
struct OggLink {
    int64_t begin = 0;
    int64_t end = 0;
    bool operator==(const OggLink&) const = default;
};

struct OggPages {
    std::vector<OggLink> links;  // more than one: a chained file, such as two that were joined
    int64_t missing = 0;         // bytes of the last page beyond the end of the file
    bool more_followed = false;  // that page is not the last of its stream
};

/// Reads the headers of all pages. No links: it is not an Ogg file.
OggPages read_ogg_pages(const InputFile& file);

}  // namespace npuscribe::audio
