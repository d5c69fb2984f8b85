#pragma once
// A part of a recording.

#include <optional>

namespace npuscribe::audio {

/// In seconds of the file.
struct Clip {
    double start = 0;
    std::optional<double> end;  // nothing: to the end of the file
    bool operator==(const Clip&) const = default;
};

}  // namespace npuscribe::audio
