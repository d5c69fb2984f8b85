#pragma once
// The manifest that a run appends to while it works.

#include <filesystem>
#include <map>
#include <string>

#include "corpus/record.h"

namespace npuscribe::corpus {

class ManifestFile {
  public:
    /// Opens a manifest to append to, or creates it. If its last line has no line end, because a run was
    /// killed while it wrote it, that line is removed, or completed if only its end is missing. A device or a
    /// pipe is written to as it is. Throws UsageError if the file has content and no line of a manifest, and
    /// OutputError if it cannot be opened or read.
    explicit ManifestFile(const std::filesystem::path& path);
    ~ManifestFile();
    ManifestFile(const ManifestFile&) = delete;
    ManifestFile& operator=(const ManifestFile&) = delete;

    struct Before {
        Outcome outcome = Outcome::failed;
        std::string model;
        std::string options;  // their hash
    };
    /// What became last of each entry that the manifest had when it was opened, by key. A success is not
    /// undone by a later failure.
    const std::map<std::string, Before>& before() const { return before_; }

    /// Appends a line, and returns once it is on the disk. It is one write: a process that is killed leaves
    /// at most half of the last line. Throws OutputError, for example if the disk is full; the file then has
    /// none of the line.
    void append(const Record& record);

  private:
    void read();
    [[noreturn]] void fail(int error_number) const;

    std::filesystem::path path_;
    int file_ = -1;
    bool regular_ = false;
    std::map<std::string, Before> before_;
};

}  // namespace npuscribe::corpus
