#include "audio/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace npuscribe::audio {
namespace {

std::string reason() {
    return std::strerror(errno);
}

int64_t pread_all(int fd, void* buffer, int64_t count, int64_t offset) {
    ssize_t done = 0;
    do {
        done = pread(fd, buffer, static_cast<size_t>(count), offset);
    } while (done < 0 && errno == EINTR);
    return done;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path, const std::atomic<bool>* cancel) {
    if (path == "-") {
        name_ = "standard input";
        fd_ = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    } else {
        name_ = fmt::format("'{}'", path.string());
        // A FIFO that nobody writes to yet would block here, and no signal would end that.
        fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
        if (!S_ISREG(status.st_mode) || lseek(fd_, 0, SEEK_CUR) != 0) {
            pipe_ = std::make_shared<PipeSpool>(std::exchange(fd_, -1), name_, cancel);
            size_ = pipe_->wait_for(1, left_);
        }
        if (size_ == 0) throw InputError(fmt::format("{} is empty (0 bytes)", name_));
    } catch (...) {
        if (fd_ >= 0) close(fd_);
        throw;
    }
}

InputFile::InputFile(int descriptor, std::string name) : fd_(descriptor), name_(std::move(name)) {
    struct stat status {};
    if (fstat(fd_, &status) == 0) size_ = status.st_size;
}

InputFile::InputFile(const InputFile& whole, int64_t begin, int64_t end)
    : fd_(fcntl(whole.pipe_ ? whole.pipe_->descriptor() : whole.fd_, F_DUPFD_CLOEXEC, 3)),
      begin_(whole.begin_ + begin),
      size_(end - begin),
      name_(whole.name_) {
    if (fd_ < 0) throw InputError(fmt::format("cannot open {} a second time: {}", name_, reason()));
}

InputFile::InputFile(const InputFile* first)
    : begin_(first->begin_), size_(first->size_), name_(first->name_), pipe_(first->pipe_) {}

std::shared_ptr<InputFile> InputFile::another_reader() const {
    return std::shared_ptr<InputFile>(new InputFile(this));
}

InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      begin_(other.begin_),
      size_(other.size_),
      name_(std::move(other.name_)),
      pipe_(std::move(other.pipe_)),
      whole_(other.whole_),
      left_(other.left_.load()),
      read_to_(other.read_to_.load()),
      read_error_(other.read_error_.load()) {}

InputFile::~InputFile() {
    if (fd_ >= 0) close(fd_);
}

int64_t InputFile::size() const {
    if (!pipe_) return size_;
    return pipe_->ended() ? pipe_->size() : kUnknownSize;
}

void InputFile::wait_for_end() {
    if (pipe_) pipe_->wait_for(kUnknownSize, left_);
    whole_ = true;
}

int64_t InputFile::read_at(void* buffer, int64_t count, int64_t offset) const {
    if (pipe_) return read_pipe(buffer, count, offset);
    const int64_t done =
        pread_all(fd_, buffer, std::clamp<int64_t>(size_ - offset, 0, count), begin_ + offset);
    if (done < 0) read_error_ = errno;
    return done;
}

int64_t InputFile::read_pipe(void* buffer, int64_t count, int64_t offset) const {
    constexpr int64_t kFarAhead = int64_t{1} << 13;  // chunks of a header are shorter
    try {
        int64_t there = pipe_->size();
        if (offset >= there) {
            if (offset > read_to_ + kFarAhead && !pipe_->ended()) return 0;
            there = pipe_->wait_for(offset + 1, left_);
        }
        const int64_t most = std::min(count, there - offset);
        if (most <= 0) return 0;
        read_to_ = std::max<int64_t>(read_to_, offset + most);
        return pread_all(pipe_->descriptor(), buffer, most, offset);
    } catch (const Error&) {
        return -1;  // exceptions must not pass through the decoders' libraries: PipedStream reports it
    }
}

}  // namespace npuscribe::audio
