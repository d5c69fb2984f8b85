#include "base/module_path.h"

#include <cstdlib>
#include <system_error>

namespace npuscribe {

std::filesystem::path module_path(const char* file, const char* environment) {
    namespace fs = std::filesystem;
    if (const char* given = std::getenv(environment); given != nullptr && *given != '\0') return given;
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (error) return {};
    const fs::path directory = program.parent_path();
    for (const fs::path& candidate :
         {directory / file, directory.parent_path() / "lib" / "npuscribe" / file}) {
        if (fs::exists(candidate, error)) return candidate;
    }
    return {};
}

}  // namespace npuscribe
