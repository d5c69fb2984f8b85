#pragma once
// Models of the catalog, from elsewhere into the directory where models are kept.

#include <filesystem>
#include <string>

#include "fetch/download.h"
#include "fetch/sources.h"

namespace npuscribe::fetch {

struct Options {
    std::filesystem::path models;  // is made where it is not there
    /// Tried before all other sources: a server that has REPO/resolve/main/FILE, as Hugging Face, or
    /// NAME/FILE.
    std::string mirror;
    std::string hugging_face = "https://huggingface.co";
    bool force = false;  // fetch what is there, too, and replace it
};

/// True where the entry is in `models`.
bool is_there(const Entry& entry, const std::filesystem::path& models);

/// Fetches from the first source that gives it, with every checksum that the catalog or the server states.
/// The files come into a hidden directory beside, and get their final place together. What has come of a
/// large file stays there where a run ends early, and the next one goes on from it. One process at a time
/// fetches into a directory: another waits. False where it was there already. Throws ModelError that says
/// what each source said, OutputError, Cancelled.
bool fetch(const Entry& entry, const Options& options, Listener& listener);

}  // namespace npuscribe::fetch
