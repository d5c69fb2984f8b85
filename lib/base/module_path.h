#pragma once
// Where to find the modules: parts of the program that it loads only if it needs them.

#include <filesystem>
#include <string>

namespace npuscribe {

/// The path of the module `file`, such as "libnpuscribe_xrt.so": the value of the variable `environment` if
/// it is set, even if no such file exists; else the file beside the program or in ../lib/npuscribe; else
/// empty.
std::filesystem::path module_path(const char* file, const char* environment);

}  // namespace npuscribe
