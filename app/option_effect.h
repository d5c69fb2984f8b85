#pragma once
// Which options change what a run writes, so that outputs can tell what they were made with.

#include <string>
#include <utility>
#include <vector>

namespace npuscribe::app {

enum class Effect {
    layout,  // and no word: how many words stand in a line, for example
    words,
};

/// Identifies the values of the options, given as names without hyphens and values, that change `least` or
/// more: 16 hexadecimal digits (FNV-1a). The model does not count, because it is recorded by its name.
std::string options_hash(const std::vector<std::pair<std::string, std::string>>& options, Effect least);

}  // namespace npuscribe::app
