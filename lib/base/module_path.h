#pragma once
// Where parts of the program are that are loaded when they are needed.

#include <filesystem>
#include <string>

namespace npuscribe {

/// The module `file`, such as "libnpuscribe_xrt.so": what the variable `environment` names, whether it is
/// there or not; else beside the program or in ../lib/npuscribe; empty where it is in neither place.
std::filesystem::path module_path(const char* file, const char* environment);

}  // namespace npuscribe
