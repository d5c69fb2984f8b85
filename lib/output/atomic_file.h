#pragma once
// Files that appear complete or not at all.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace npuscribe::output {

/// Writes a file under a temporary name in the same directory. `commit` gives it its name; without commit,
/// nothing remains. A device, a pipe or a socket (/dev/null, /dev/fd/63) is written directly, because it
/// cannot be replaced.
class AtomicFile {
  public:
    /// Throws OutputError if `path` is a directory, or if its directory is missing or not writable.
    explicit AtomicFile(const std::filesystem::path& path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// Throws OutputError, for example if the disk is full.
    void write(std::string_view bytes);
    /// Flushes the file to the disk and renames it, replacing any file of that name. Throws OutputError. Call
    /// it once, last.
    void commit();

  private:
    [[noreturn]] void fail(int error_number) const;
    void discard() noexcept;

    std::filesystem::path path_;       // as the caller gave it, for messages
    std::filesystem::path target_;     // after following symbolic links
    std::filesystem::path temporary_;  // empty: written directly
    int file_ = -1;
};

/// Removes temporary files that killed runs left in `directory`, but not those that a living process is
/// writing. Returns how many. A file that cannot be removed is no error, because no file under a final name
/// depends on it.
size_t remove_leftovers(const std::filesystem::path& directory);

/// Writes a whole file. Throws OutputError.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Makes `directory` with its parents, and checks that files can be made in it, so that the user learns of an
/// error before the work and not after it. Throws OutputError.
void prepare_directory(const std::filesystem::path& directory);

}  // namespace npuscribe::output
