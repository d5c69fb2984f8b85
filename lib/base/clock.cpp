#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>

namespace npuscribe {

std::string clock_text(double seconds) {
    const auto whole = static_cast<long long>(std::min(std::max(0.0, seconds), 1e15));
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace npuscribe
