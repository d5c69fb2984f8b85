#pragma once
// Suggestions for mistyped names.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::app {

/// Number of insertions, deletions, replacements and swaps of neighbours that make `b` of `a` (optimal string
/// alignment distance).
size_t edit_distance(std::string_view a, std::string_view b);

/// At most three of `known` that `typed` may stand for, nearest first.
std::vector<std::string> nearest(std::string_view typed, std::span<const std::string> known);

}  // namespace npuscribe::app
