#include "output/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace npuscribe::output {
namespace fs = std::filesystem;
namespace {

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

constexpr std::string_view kBegin = ".npuscribe-";
constexpr std::string_view kEnd = ".part";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz012345";
constexpr size_t kRandomLetters = 8;

// Hidden and without a format's extension, so that a program that watches the directory does not take it for
// an output.
fs::path temporary_name(const fs::path& target) {
    std::random_device random;
    std::string suffix;
    for (size_t i = 0; i < kRandomLetters; ++i) suffix += kLetters[random() % kLetters.size()];
    return directory_of(target) / (std::string(kBegin) + suffix + std::string(kEnd));
}

bool is_temporary_name(const std::string& name) {
    if (name.size() != kBegin.size() + kRandomLetters + kEnd.size()) return false;
    return name.starts_with(kBegin) && name.ends_with(kEnd) &&
           name.find_first_not_of(kLetters, kBegin.size()) == name.size() - kEnd.size();
}

/// A lock distinguishes a file that is being written from one whose writer was killed: the kernel releases it
/// with the process. Returns false if the file was removed after it was made and before it was locked.
bool lock_for_writing(int file) {
    while (::flock(file, LOCK_EX) != 0 && errno == EINTR) {
    }
    struct stat status {};
    return ::fstat(file, &status) != 0 || status.st_nlink > 0;
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : path_(path), target_(path) {
    std::error_code ignored;
    const fs::file_status status = fs::status(path, ignored);
    if (fs::is_directory(status)) fail(EISDIR);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
        file_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (file_ < 0) fail(errno);
        return;
    }
    if (fs::is_regular_file(status)) {
        const fs::path followed = fs::canonical(path, ignored);
        if (!followed.empty()) target_ = followed;
    }
    // O_EXCL with a name of our own, not mkstemp: the file gets the permissions that the umask allows.
    for (int attempt = 0; attempt < 16 && file_ < 0; ++attempt) {
        temporary_ = temporary_name(target_);
        file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file_ < 0 && errno != EEXIST) break;
        if (file_ >= 0 && !lock_for_writing(file_)) ::close(std::exchange(file_, -1));
    }
    if (file_ < 0) {
        const int error_number = errno;
        temporary_.clear();
        fail(error_number);
    }
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

void AtomicFile::commit() {
    if (temporary_.empty()) {
        const int closed = ::close(file_);
        file_ = -1;
        if (closed != 0) fail(errno);
        return;
    }
    if (::fsync(file_) != 0) fail(errno);
    // Rename while the file is locked, so that it is not taken for a leftover until then.
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
    temporary_.clear();
    const int closed = ::close(file_);
    file_ = -1;
    if (closed != 0) fail(errno);
}

void AtomicFile::fail(int error_number) const {
    throw OutputError(fmt::format("cannot write {}: {}", path_.string(),
                                  explained(error_number, directory_of(target_).string())));
}

void AtomicFile::discard() noexcept {
    if (file_ >= 0) ::close(file_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

size_t remove_leftovers(const fs::path& directory) {
    size_t removed = 0;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        if (!is_temporary_name(entry->path().filename().string())) continue;
        const int file = ::open(entry->path().c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file < 0) continue;
        // Remove while the file is locked: a writer that has just made it waits for the lock, and then makes
        // another file.
        if (::flock(file, LOCK_EX | LOCK_NB) == 0 && ::unlink(entry->path().c_str()) == 0) ++removed;
        ::close(file);
    }
    return removed;
}

void write_file(const fs::path& path, std::string_view bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

void prepare_directory(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored)) {
        // The file in the way may be one of its parents.
        fs::path there = directory;
        while (!fs::exists(there, ignored) && there.has_relative_path() && there != there.parent_path())
            there = there.parent_path();
        const bool in_the_way = fs::exists(there, ignored) && !fs::is_directory(there, ignored);
        throw OutputError(fmt::format(
            "cannot make the directory {}: {}", directory.string(),
            in_the_way ? there.string() + " is a file; give another directory" : error.message()));
    }
    // Making a file is the one sure check: for root, access(2) finds even /proc writable.
    const fs::path trial = temporary_name(directory / "trial");
    const int file = ::open(trial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        throw OutputError(fmt::format("cannot write to the directory {}: no file can be made in it ({})",
                                      directory.string(), reason(errno)));
    }
    ::close(file);
    ::unlink(trial.c_str());
}

}  // namespace npuscribe::output
