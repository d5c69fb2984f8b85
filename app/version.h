#pragma once
#include <string>

namespace npuscribe::app {

/// "0.1.0"
std::string version();
/// Several lines: version and build.
std::string version_text();

}  // namespace npuscribe::app
