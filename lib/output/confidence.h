#pragma once
// The text of a segment in parts, each with the model's confidence in it.

#include <optional>
#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

struct Part {
    std::string text;  // with its leading space
    std::optional<double> probability;
    const Word* word = nullptr;  // if words have times
};

/// The segment's words if it has them; else words made of its tokens, each with the probability of its least
/// probable token; else the whole text. Joined, the parts are the segment's text.
std::vector<Part> parts(const Segment& segment);

}  // namespace npuscribe::output
