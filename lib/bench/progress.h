#pragma once

#include <functional>
#include <string>

namespace npuscribe::bench {

/// Called often with what is being measured now. May be empty, and may throw Cancelled.
using Progress = std::function<void(const std::string&)>;

}  // namespace npuscribe::bench
