#pragma once
// One file into one place: what breaks off goes on later, and only a whole, checked file gets its name.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"

namespace npuscribe::fetch {

/// A source does not give what it should; another one may.
class SourceFailed : public ModelError {
  public:
    using ModelError::ModelError;
};

/// Hears how it goes.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void say(const std::string& message) = 0;
    /// `done` of `total` bytes of `file` are there.
    virtual void progress(const std::string& file, uint64_t done, std::optional<uint64_t> total) = 0;
    /// True ends everything, with Cancelled.
    virtual bool cancelled() = 0;
};

struct Download {
    std::string url;
    std::filesystem::path path;  // where the whole file goes
    std::string sha256;          // hexadecimal; empty: the one that the server states, if it does
};

/// False where the server has no such file. Otherwise it is at `path`, whole and with the right checksum.
/// What has come of a file is at `path`.part until then, and goes on from there: where the server still has
/// the same file by its entity tag, or where the checksum will tell. A connection that breaks off is tried
/// again while it makes headway. Throws SourceFailed, Cancelled, and OutputError where the disk is full.
bool download(const Download& what, Listener& listener);

}  // namespace npuscribe::fetch
