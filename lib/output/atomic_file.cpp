#include "output/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>

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

// Hidden, and not of any format's extension: a program that watches the directory does not take it for an
// output.
fs::path temporary_name(const fs::path& target) {
    std::random_device random;
    std::string suffix;
    for (int i = 0; i < 8; ++i) suffix += "abcdefghijklmnopqrstuvwxyz012345"[random() % 32];
    return directory_of(target) / (".npuscribe-" + suffix + ".part");
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
    // O_EXCL with a name of our own rather than mkstemp: the file gets the permissions that the umask gives.
    for (int attempt = 0; attempt < 16 && file_ < 0; ++attempt) {
        temporary_ = temporary_name(target_);
        file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file_ < 0 && errno != EEXIST) break;
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
    const int closed = ::close(file_);
    file_ = -1;
    if (closed != 0) fail(errno);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
    temporary_.clear();
}

void AtomicFile::fail(int error_number) const {
    const std::string what = "cannot write " + path_.string() + ": ";
    const std::string directory = directory_of(target_).string();
    switch (error_number) {
        case EISDIR:
            throw OutputError(what + "it is a directory; give the name of a file");
        case ENOENT:
            throw OutputError(what + "there is no directory " + directory);
        case ENOTDIR:
            throw OutputError(what + directory + " is not a directory");
        case EACCES:
        case EPERM:
        case EROFS:
            throw OutputError(what + "the directory " + directory + " is not writable (" +
                              reason(error_number) + ")");
        case ENOSPC:
        case EDQUOT:
            throw OutputError(what + "the disk is full (" + reason(error_number) + ")");
        default:
            throw OutputError(what + reason(error_number));
    }
}

void AtomicFile::discard() noexcept {
    if (file_ >= 0) ::close(file_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
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
    const std::string what = "cannot write to the directory " + directory.string() + ": ";
    if (!fs::is_directory(directory, ignored)) {
        if (fs::exists(directory, ignored)) throw OutputError(what + "it is a file");
        throw OutputError("cannot make the directory " + directory.string() + ": " + error.message());
    }
    if (::access(directory.c_str(), W_OK | X_OK) != 0) throw OutputError(what + reason(errno));
}

}  // namespace npuscribe::output
