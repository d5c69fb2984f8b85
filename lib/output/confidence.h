#pragma once
// A segment's text in parts, each with how sure the model was of it.

#include <optional>
#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

struct Part {
    std::string text;  // with its leading space
    std::optional<double> probability;
    const Word* word = nullptr;  // where words have times
};

/// Joined, the parts are the segment's text. Its words, where it has them; else words made of its tokens,
/// each as sure as its least sure token; else the whole.
std::vector<Part> parts(const Segment& segment);

}  // namespace npuscribe::output
