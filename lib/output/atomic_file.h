#pragma once
// Files that appear complete or not at all.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace npuscribe::output {

/// Where a file goes: a directory that a person named, and a path below it that npuscribe derived from an
/// input's name.
struct DerivedPath {
    std::filesystem::path root;   // links to it, and in it, are followed
    std::filesystem::path below;  // relative, without ".."; no link in it is followed
    std::filesystem::path whole() const { return root / below; }
};

/// Writes a file under a temporary name in the same directory. `commit` gives it its name; without commit,
/// nothing remains. If it replaces a file, it keeps that file's permissions, less what the umask forbids if
/// the file belongs to another user.
class AtomicFile {
  public:
    /// A path that a person typed: links are followed, and a device, a pipe or a socket (/dev/null,
    /// /dev/fd/63) is written directly, because it cannot be replaced. Throws OutputError if `path` is a
    /// directory, or if its directory is missing or not writable.
    explicit AtomicFile(const std::filesystem::path& path);
    /// A path that was derived: a link in the file's place is replaced, and a directory, a pipe or a device
    /// there is an error. So is a link to a directory below the root: somebody else may have put it there.
    explicit AtomicFile(const DerivedPath& path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// Throws OutputError, for example if the disk is full.
    void write(std::string_view bytes);
    /// Gives the file an extended attribute. Returns false if the file system has none.
    bool set_attribute(const char* name, std::string_view value);
    /// Flushes the file to the disk and renames it, replacing any file of that name. Throws OutputError. Call
    /// it once, last.
    void commit();

  private:
    AtomicFile() = default;  // the others delegate to it, so that the destructor runs if they throw
    void open_temporary();
    [[noreturn]] void fail(int error_number) const;
    void discard() noexcept;

    std::filesystem::path path_;       // as the caller gave it, for messages
    std::filesystem::path directory_;  // of the file, for messages
    int at_ = -1;                      // the directory
    std::string name_;                 // in it
    std::string temporary_;            // in it; empty: written directly
    int file_ = -1;
};

/// Removes temporary files that killed runs left in `directory`. Those of this machine are removed once their
/// process has ended; others, which may be of a living process elsewhere, once they are a week old. Returns
/// how many. A file that cannot be removed is no error, because no file under a final name depends on it.
size_t remove_leftovers(const std::filesystem::path& directory);

/// Writes a whole file. Throws OutputError.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The value of an extended attribute of a regular file; empty if it has none.
std::string attribute(const std::filesystem::path& path, const char* name);

/// Makes `directory` with its parents, and checks that files can be made in it, so that the user learns of an
/// error before the work and not after it. Throws OutputError.
void prepare_directory(const std::filesystem::path& directory);

/// The same for the directory `below` of `root`, without following a link below the root.
void prepare_directory(const DerivedPath& directory);

}  // namespace npuscribe::output
