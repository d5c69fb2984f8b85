#include "output/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "output/temporary_name.h"

namespace npuscribe::output {
namespace fs = std::filesystem;
namespace {

constexpr int kOpenDirectory = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr int kMakeFile = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
constexpr mode_t kPermissions = 0777;

std::string reason(int error_number) {
    return std::generic_category().message(error_number);
}

fs::path directory_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Why a file cannot be written in `directory`, and what to do about it.
std::string explained(int error_number, const std::string& directory) {
    switch (error_number) {
        case EISDIR:
            return "it is a directory; give the name of a file";
        case ENOENT: {
            std::error_code ignored;
            if (fs::is_directory(directory, ignored))  // /proc, and others in which no files can be made
                return fmt::format("the directory {} takes no files; give another one", directory);
            return fmt::format("there is no directory {}; make it first", directory);
        }
        case ENOTDIR:
            return fmt::format("{} is not a directory", directory);
        case EACCES:
        case EPERM:
        case EROFS:
            return fmt::format("the directory {} is not writable ({})", directory, reason(error_number));
        case ENOSPC:
        case EDQUOT:
            return fmt::format("the disk is full ({})", reason(error_number));
        case EFBIG:
            return fmt::format("it is larger than files may be here ({}); raise the limit, see ulimit -f",
                               reason(error_number));
        default:
            return reason(error_number);
    }
}

/// A lock distinguishes a file that is being written from one whose writer was killed: the kernel releases it
/// with the process. Returns false if the file was removed after it was made and before it was locked.
bool lock_for_writing(int file) {
    while (::flock(file, LOCK_EX) != 0 && errno == EINTR) {
    }
    struct stat status {};
    return ::fstat(file, &status) != 0 || status.st_nlink > 0;
}

/// A directory that is closed at the end of its scope.
class Directory {
  public:
    explicit Directory(int descriptor) : descriptor_(descriptor) {}
    ~Directory() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Directory(Directory&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Directory& operator=(Directory&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    int get() const { return descriptor_; }
    int release() { return std::exchange(descriptor_, -1); }

  private:
    int descriptor_;
};

[[noreturn]] void refuse_link(const fs::path& link) {
    throw OutputError(fmt::format(
        "cannot write to {}: it is a link, and links inside an output directory are not followed; "
        "remove it, or give the directory that it leads to",
        link.string()));
}

/// Opens the directory `below` of `root` without following links below the root. Makes what is missing if
/// `make`. Gives back an invalid one, and errno, if that fails.
Directory open_below(const fs::path& root, const fs::path& below, bool make) {
    Directory at(::open(root.empty() ? "." : root.c_str(), kOpenDirectory));
    fs::path walked = root;
    for (const fs::path& part : below) {
        if (at.get() < 0) break;
        if (part.empty() || part == ".") continue;
        walked /= part;
        struct stat status {};
        const bool there = ::fstatat(at.get(), part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
        if (there && S_ISLNK(status.st_mode)) refuse_link(walked);
        if (!there && errno == ENOENT && make) ::mkdirat(at.get(), part.c_str(), 0777);
        at = Directory(::openat(at.get(), part.c_str(), kOpenDirectory | O_NOFOLLOW));
    }
    return at;
}

/// What stands in the way of a derived file; empty: nothing.
std::string in_the_way(mode_t mode) {
    if (S_ISDIR(mode)) return "it is a directory";
    if (S_ISFIFO(mode)) return "it is a pipe";
    if (S_ISSOCK(mode)) return "it is a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "it is a device";
    return {};
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : AtomicFile() {
    path_ = path;
    std::error_code ignored;
    const fs::file_status status = fs::status(path, ignored);
    fs::path target = path;
    directory_ = directory_of(path);
    if (fs::is_directory(status)) fail(EISDIR);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
        file_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (file_ < 0) fail(errno);
        return;
    }
    if (fs::is_regular_file(status)) {
        const fs::path followed = fs::canonical(path, ignored);
        if (!followed.empty()) target = followed;
    }
    directory_ = directory_of(target);
    name_ = target.filename().string();
    at_ = ::open(directory_.c_str(), kOpenDirectory);
    if (at_ < 0) fail(errno);
    open_temporary();
}

AtomicFile::AtomicFile(const DerivedPath& path) : AtomicFile() {
    path_ = path.whole();
    directory_ = directory_of(path_);
    at_ = open_below(path.root, path.below.parent_path(), false).release();
    if (at_ < 0) fail(errno);
    name_ = path.below.filename().string();
    struct stat status {};
    if (::fstatat(at_, name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (const std::string what = in_the_way(status.st_mode); !what.empty())
            throw OutputError(fmt::format("cannot write {}: {}; remove it, or give another --output-dir",
                                          path_.string(), what));
    }
    open_temporary();
}

// O_EXCL with a name of our own, not mkstemp: the file gets the permissions that the umask allows.
void AtomicFile::open_temporary() {
    constexpr int kAttempts = 16;
    for (int attempt = 0; attempt < kAttempts && file_ < 0; ++attempt) {
        temporary_ = temporary_name(name_, attempt);
        file_ = ::openat(at_, temporary_.c_str(), kMakeFile, 0666);
        if (file_ < 0 && errno != EEXIST) break;
        if (file_ >= 0 && !lock_for_writing(file_)) ::close(std::exchange(file_, -1));
    }
    if (file_ < 0) {
        const int error_number = errno;
        temporary_.clear();
        fail(error_number);
    }
    struct stat old {};
    if (::fstatat(at_, name_.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(old.st_mode)) return;
    struct stat made {};
    if (::fstat(file_, &made) != 0) return;
    const mode_t kept = old.st_mode & kPermissions;
    ::fchmod(file_, old.st_uid == ::geteuid() ? kept : kept & made.st_mode);
}

AtomicFile::~AtomicFile() {
    discard();
}

void AtomicFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            fail(errno);
        }
        bytes.remove_prefix(static_cast<size_t>(written));
    }
}

bool AtomicFile::set_attribute(const char* name, std::string_view value) {
    return ::fsetxattr(file_, name, value.data(), value.size(), 0) == 0;
}

void AtomicFile::commit() {
    if (temporary_.empty()) {
        const int closed = ::close(std::exchange(file_, -1));
        if (closed != 0) fail(errno);
        return;
    }
    if (::fsync(file_) != 0) fail(errno);
    // Rename while the file is locked, so that it is not taken for a leftover until then.
    if (::renameat(at_, temporary_.c_str(), at_, name_.c_str()) != 0) {
        const int error_number = errno;
        struct stat directory {};
        const bool sticky = ::fstat(at_, &directory) == 0 && (directory.st_mode & S_ISVTX) != 0;
        if (error_number == EPERM && sticky)
            throw OutputError(
                fmt::format("cannot write {}: a file of that name belongs to another user, and nobody else "
                            "may replace it "
                            "in {}; give another directory",
                            path_.string(), directory_.string()));
        fail(error_number);
    }
    temporary_.clear();
    const int closed = ::close(std::exchange(file_, -1));
    if (closed != 0) fail(errno);
}

void AtomicFile::fail(int error_number) const {
    throw OutputError(
        fmt::format("cannot write {}: {}", path_.string(), explained(error_number, directory_.string())));
}

void AtomicFile::discard() noexcept {
    if (file_ >= 0) ::close(std::exchange(file_, -1));
    if (!temporary_.empty()) ::unlinkat(at_, temporary_.c_str(), 0);
    if (at_ >= 0) ::close(std::exchange(at_, -1));
}

size_t remove_leftovers(const fs::path& directory) {
    constexpr time_t kOld = 7 * 24 * 3600;
    DIR* const entries = ::opendir(directory.c_str());
    if (entries == nullptr) return 0;
    const int at = ::dirfd(entries);
    size_t removed = 0;
    while (const dirent* entry = ::readdir(entries)) {
        const Writer writer = writer_of(entry->d_name);
        if (writer == Writer::none || writer == Writer::alive) continue;
        const int file = ::openat(at, entry->d_name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file < 0) continue;
        struct stat status {};
        const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
        const bool old = ::time(nullptr) - status.st_mtime > kOld;
        // Remove while the file is locked: a writer that has just made it waits for the lock, and then makes
        // another file. A lock alone tells nothing where it does not reach other machines.
        if (regular && (writer == Writer::dead || old) && ::flock(file, LOCK_EX | LOCK_NB) == 0 &&
            ::unlinkat(at, entry->d_name, 0) == 0)
            ++removed;
        ::close(file);
    }
    ::closedir(entries);
    return removed;
}

void write_file(const fs::path& path, std::string_view bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

std::string attribute(const fs::path& path, const char* name) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return {};
    constexpr size_t kMost = 65536;  // Linux's limit
    std::vector<char> value(kMost);
    const ssize_t size = ::fgetxattr(file, name, value.data(), value.size());
    ::close(file);
    return size > 0 ? std::string(value.data(), static_cast<size_t>(size)) : std::string();
}

namespace {

// Making a file is the one sure check: for root, access(2) finds even /proc writable.
void try_to_write(int at, const fs::path& directory) {
    const std::string trial = temporary_name("trial", 0);
    const int file = ::openat(at, trial.c_str(), kMakeFile, 0666);
    if (file < 0 && errno != EEXIST) {
        throw OutputError(fmt::format("cannot write to the directory {}: no file can be made in it ({})",
                                      directory.string(), reason(errno)));
    }
    if (file < 0) return;
    ::close(file);
    ::unlinkat(at, trial.c_str(), 0);
}

[[noreturn]] void refuse_directory(const fs::path& directory, const std::string& why) {
    std::error_code ignored;
    // The file in the way may be one of its parents.
    fs::path there = directory;
    while (!fs::exists(there, ignored) && there.has_relative_path() && there != there.parent_path())
        there = there.parent_path();
    const bool in_the_way = fs::exists(there, ignored) && !fs::is_directory(there, ignored);
    throw OutputError(fmt::format("cannot make the directory {}: {}", directory.string(),
                                  in_the_way ? there.string() + " is a file; give another directory" : why));
}

}  // namespace

void prepare_directory(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    const Directory at(::open(directory.c_str(), kOpenDirectory));
    if (at.get() < 0) refuse_directory(directory, error ? error.message() : reason(errno));
    try_to_write(at.get(), directory);
}

void prepare_directory(const DerivedPath& directory) {
    const fs::path& root = directory.root;
    std::error_code error;
    if (!root.empty()) fs::create_directories(root, error);
    const Directory at = open_below(root, directory.below, true);
    const fs::path whole = directory.below.empty() ? root : directory.whole();
    if (at.get() < 0) refuse_directory(whole, error ? error.message() : reason(errno));
    try_to_write(at.get(), whole);
}

}  // namespace npuscribe::output
