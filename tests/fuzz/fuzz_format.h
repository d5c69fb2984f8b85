#pragma once

#include <string_view>

namespace npuscribe::fuzz {

/// The format of the target, such as "wav".
std::string_view format_name();

}  // namespace npuscribe::fuzz
