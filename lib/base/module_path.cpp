#include "base/module_path.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <system_error>

namespace npuscribe {
namespace fs = std::filesystem;
namespace {

/// The file that this code was linked into: the program, or libnpuscribe.so. Empty if the system does not
/// tell.
fs::path own_file() {
    Dl_info info;
    link_map* map = nullptr;
    const bool found = dladdr1(reinterpret_cast<const void*>(&module_path), &info,
                               reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0;
    std::error_code error;
    // The dynamic linker leaves the program's own name empty.
    if (found && map != nullptr && map->l_name != nullptr && *map->l_name != '\0')
        return fs::canonical(map->l_name, error);
    return fs::read_symlink("/proc/self/exe", error);
}

}  // namespace

fs::path module_path(const char* file, const char* environment) {
    if (const char* given = std::getenv(environment); given != nullptr && *given != '\0') return given;
    const fs::path own = own_file();
    if (own.empty()) return {};
    const fs::path directory = own.parent_path();
    const fs::path parent = directory.parent_path();
    std::error_code error;
    for (const fs::path& candidate :
         {directory / file, parent / "lib" / "npuscribe" / file,           // of a program in bin/
          directory / "npuscribe" / file, parent / "npuscribe" / file}) {  // of a library
        if (fs::exists(candidate, error)) return candidate;
    }
    return {};
}

}  // namespace npuscribe
