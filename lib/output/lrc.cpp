#include <cstdio>

#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

// [mm:ss.xx], in hundredths; minutes go on beyond an hour, for there are no hours.
std::string time_tag(int64_t ms) {
    char out[48];
    std::snprintf(out, sizeof out, "[%02lld:%02d.%02d]", static_cast<long long>(ms / 60'000),
                  static_cast<int>(ms / 1000 % 60), static_cast<int>(ms % 1000 / 10));
    return out;
}

}  // namespace

std::string lrc(const Transcript& transcript) {
    std::string out = "[by:npuscribe]\n";
    for (const Segment& segment : transcript.segments) {
        const std::string text = line(segment);
        if (!text.empty()) out += time_tag(milliseconds(segment.start)) + text + "\n";
    }
    return out;
}

}  // namespace npuscribe::output
