#include "audio/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace npuscribe::audio {
namespace {

std::string reason() {
    return std::strerror(errno);
}

/// A file that disappears when it is closed.
int unlinked_temporary_file() {
    const char* given = std::getenv("TMPDIR");
    std::string path = (given != nullptr && *given != '\0' ? given : "/tmp");
    path += "/npuscribe-XXXXXX";
    const int fd = mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) {
        throw InputError(fmt::format(
            "cannot make a temporary file in {} for piped audio: {}; set TMPDIR to a writable directory",
            path.substr(0, path.rfind('/')), reason()));
    }
    unlink(path.c_str());
    return fd;
}

bool write_all(int fd, const char* data, size_t count) {
    while (count > 0) {
        const ssize_t written = write(fd, data, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        count -= static_cast<size_t>(written);
    }
    return true;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) {
    if (path == "-") {
        name_ = "standard input";
        fd_ = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    } else {
        name_ = fmt::format("'{}'", path.string());
        fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    }
    if (fd_ < 0) throw InputError(fmt::format("cannot open {}: {}", name_, reason()));
    try {
        struct stat status {};
        if (fstat(fd_, &status) != 0) throw InputError(fmt::format("cannot read {}: {}", name_, reason()));
        if (S_ISDIR(status.st_mode))
            throw InputError(fmt::format("{} is a directory, not an audio file", name_));
        if (isatty(fd_) != 0)
            throw InputError(fmt::format("{} is a terminal: pipe or redirect an audio file into it", name_));
        if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
            throw InputError(fmt::format("{} is a device, not an audio file", name_));
        }
        size_ = status.st_size;
        // The shell script that started us may have read part of redirected input: go on from there.
        if (!S_ISREG(status.st_mode) || lseek(fd_, 0, SEEK_CUR) != 0) spool();
        if (size_ == 0) throw InputError(fmt::format("{} is empty (0 bytes)", name_));
    } catch (...) {
        close(fd_);
        throw;
    }
}

InputFile::InputFile(const InputFile& whole, int64_t begin, int64_t end)
    : fd_(fcntl(whole.fd_, F_DUPFD_CLOEXEC, 3)),
      begin_(whole.begin_ + begin),
      size_(end - begin),
      name_(whole.name_) {
    if (fd_ < 0) throw InputError(fmt::format("cannot open {} a second time: {}", name_, reason()));
}

InputFile::~InputFile() {
    if (fd_ >= 0) close(fd_);
}

void InputFile::spool() {
    const int copy = unlinked_temporary_file();
    std::vector<char> block(size_t{1} << 18);
    size_ = 0;
    while (true) {
        const ssize_t count = read(fd_, block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count == 0) break;
        if (count < 0 || !write_all(copy, block.data(), static_cast<size_t>(count))) {
            const std::string message =
                count < 0
                    ? fmt::format("cannot read {}: {}", name_, reason())
                    : fmt::format("no room in $TMPDIR for {}: {}; set TMPDIR to a directory with more room",
                                  name_, reason());
            close(copy);
            throw InputError(message);
        }
        size_ += count;
    }
    lseek(copy, 0, SEEK_SET);
    close(std::exchange(fd_, copy));
}

int64_t InputFile::read_at(void* buffer, int64_t count, int64_t offset) const {
    ssize_t done = 0;
    const int64_t most = std::clamp<int64_t>(size_ - offset, 0, count);
    do {
        done = pread(fd_, buffer, static_cast<size_t>(most), begin_ + offset);
    } while (done < 0 && errno == EINTR);
    return done;
}

}  // namespace npuscribe::audio
