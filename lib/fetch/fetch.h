#pragma once
// Fetches models of the catalog into the directory of models.

#include <filesystem>
#include <string>

#include "fetch/download.h"
#include "fetch/sources.h"

namespace npuscribe::fetch {

struct Options {
    std::filesystem::path models;  // the directory; made if it does not exist
    /// Tried before all other sources: a server with the files at REPO/resolve/REVISION/FILE, as on Hugging
    /// Face, REPO/resolve/main/FILE, or NAME/FILE.
    std::string mirror;
    std::string hugging_face = "https://huggingface.co";
    bool force = false;     // fetch and replace even what is there already
    bool insecure = false;  // take http:// from other machines, too
};

/// "145 MB", "1.6 GB".
std::string size_text(uint64_t bytes);

/// True if the entry is in the directory `models`.
bool is_there(const Entry& entry, const std::filesystem::path& models);

/// Fetches the entry from the first source that has it, and checks every size and checksum that the catalog
/// knows, else the checksum that the server states. The files arrive in a hidden directory, and get their
/// final place together. If a run ends early, the part of a large file stays there, and the next run resumes
/// it. Only one process at a time fetches into a directory; others wait. Returns false if the entry was there
/// already. Throws ModelError with the reasons of all sources, OutputError, Cancelled.
bool fetch(const Entry& entry, const Options& options, Listener& listener);

}  // namespace npuscribe::fetch
