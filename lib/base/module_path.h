#pragma once
// Finds the shared objects that npuscribe loads only when it needs them: FFmpeg's decoders, HTTP, XRT.

#include <filesystem>
#include <string>

namespace npuscribe {

/// The path of the module `file`, such as "libnpuscribe_xrt.so". If the environment variable `environment` is
/// set, its value is returned whether that file exists or not. Otherwise the module is looked for beside the
/// program (or beside libnpuscribe.so, in a program that uses the library) and in the directories in which
/// `cmake --install` puts modules. Empty if it is in none of them.
std::filesystem::path module_path(const char* file, const char* environment);

}  // namespace npuscribe
