#pragma once
// What the readers of JSON Lines check before they parse a line.

#include <string_view>

namespace npuscribe::corpus {

/// True if arrays and objects of a line of JSON lie in each other more than 100 deep. Such a value could not
/// be written again: nlohmann::json writes by recursion, and the stack would end. Brackets inside strings do
/// not count.
bool nests_too_deep(std::string_view line);

}  // namespace npuscribe::corpus
