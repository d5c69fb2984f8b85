#pragma once
// What people who know another Whisper command line type, and what people mistype.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

/// Another program's way to say something that npuscribe says differently.
struct Spelling {
    std::string_view typed;
    std::string_view
        meant;  // "--output-format=srt", or "--beam-size" with the value to follow; empty: see advice
    std::string_view advice;    // where it has no counterpart: what to do instead
    bool milliseconds = false;  // its value is in milliseconds, that of what is meant in seconds
};

/// The entry for an option as typed ('_' already '-'), or nothing.
const Spelling* familiar_spelling(std::string_view typed);

/// Number of insertions, deletions, replacements and swaps of neighbours that make `b` of `a` (optimal string
/// alignment distance).
size_t edit_distance(std::string_view a, std::string_view b);

/// Those of `known` that somebody who typed `typed` may have meant, nearest first, at most three.
std::vector<std::string> nearest(std::string_view typed, std::span<const std::string> known);

}  // namespace npuscribe::app
