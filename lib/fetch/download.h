#pragma once
// Downloads one file. A download that breaks off is resumed later, and only a complete, checked file gets its
// name.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"

namespace npuscribe::fetch {

/// A source failed. Another one may succeed.
class SourceFailed : public ModelError {
  public:
    using ModelError::ModelError;
};

/// Receives messages and progress.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void say(const std::string& message) = 0;
    /// `done` of `total` bytes of `file` have arrived.
    virtual void progress(const std::string& file, uint64_t done, std::optional<uint64_t> total) = 0;
    /// If this returns true, the download ends with Cancelled.
    virtual bool cancelled() = 0;
};

struct Download {
    std::string url;
    std::filesystem::path path;  // of the complete file
    std::string sha256;          // hexadecimal; empty: the one that the server states, if any
    uint64_t most_bytes = 0;     // a server that sends more has failed
    bool insecure = false;       // allows http:// to other machines
};

/// Returns false if the server has no such file. Otherwise the file is at `path`, complete and with the right
/// checksum. Until then, the part that has arrived is at `path`.part. It is resumed if the server still has
/// the same file by its entity tag, or if the checksum will tell. After a connection breaks off, the download
/// is tried again as long as each attempt brings more bytes. A server has failed if it sends more than
/// `most_bytes`, less than 10 kB/s for 30 s, or nothing for 20 s; hence no download takes longer than its
/// size allows. Throws SourceFailed, Cancelled, and OutputError if the disk is full.
bool download(const Download& what, Listener& listener);

}  // namespace npuscribe::fetch
