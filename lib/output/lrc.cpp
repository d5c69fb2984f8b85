#include <fmt/format.h>

#include "output/formats.h"
#include "output/text.h"

namespace npuscribe::output {
namespace {

// [mm:ss.xx], with hundredths of a second. LRC has no hours, so minutes go on beyond 59.
std::string time_tag(int64_t ms) {
    return fmt::format("[{:02}:{:02}.{:02}]", ms / 60'000, ms / 1000 % 60, ms % 1000 / 10);
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
