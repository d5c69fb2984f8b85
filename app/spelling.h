#pragma once
// What people mistype, and what they may have meant.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

/// Number of insertions, deletions, replacements and swaps of neighbours that make `b` of `a` (optimal string
/// alignment distance).
size_t edit_distance(std::string_view a, std::string_view b);

/// Those of `known` that somebody who typed `typed` may have meant, nearest first, at most three.
std::vector<std::string> nearest(std::string_view typed, std::span<const std::string> known);

}  // namespace npuscribe::app
