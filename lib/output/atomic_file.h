#pragma once
// Files that are there whole, or not at all.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace npuscribe::output {

/// A file being written under a temporary name beside its own. `commit` puts it in place; without it, nothing
/// remains. A device, a pipe or a socket (/dev/null, /dev/fd/63) is written directly: it cannot be replaced.
class AtomicFile {
  public:
    /// Throws OutputError where `path` names a directory, or its directory is missing or not writable.
    explicit AtomicFile(const std::filesystem::path& path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// Throws OutputError (disk full, quota, …).
    void write(std::string_view bytes);
    /// Flushes to the disk and renames, replacing what was there. Throws OutputError. Call it once, last.
    void commit();

  private:
    [[noreturn]] void fail(int error_number) const;
    void discard() noexcept;

    std::filesystem::path path_;       // as the caller gave it, for messages
    std::filesystem::path target_;     // with symbolic links followed
    std::filesystem::path temporary_;  // empty: written directly
    int file_ = -1;
};

/// Removes from `directory` what runs that were killed left under temporary names; what a living process is
/// writing stays. Returns how many. What cannot be removed is no error: no final name is concerned.
size_t remove_leftovers(const std::filesystem::path& directory);

/// Writes a whole file. Throws OutputError.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Makes `directory` with its parents, and checks that files can be made in it: to be told before the work,
/// not after. Throws OutputError.
void prepare_directory(const std::filesystem::path& directory);

}  // namespace npuscribe::output
